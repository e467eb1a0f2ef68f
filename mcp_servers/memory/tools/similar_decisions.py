"""How situations like this one ended."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from db.candles import Series
from db.similar import like, similar
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of, read_id
from mcp_servers.memory.lessons import Lesson, lessons
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.baserates import BaseRates, base_rates
from openoutcry.canonical import derived_id
from openoutcry.context import INPUTS, VERSION, context_vector, market_features
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen

WINDOW = 1000
"""Bars that the situation is described from; the same as the floor's own."""


class Case(Frozen):
    """A decision in a market that looked alike, and how it ended. ``lesson`` is null where none was kept yet."""

    decision_id: str
    at: datetime
    symbol: str
    decision: str
    confidence: float
    similarity: float
    outcome: str
    pnl: Amount | None
    lesson: Lesson | None


class AlikeDecisions(ToolResult):
    """Nearest first, all of them ended by ``as_of``. ``rates`` count exactly these cases; ``space`` says what was compared."""

    space: str
    cases: tuple[Case, ...]
    rates: BaseRates


@tool(scope="mem:read", read_only=True)
async def similar_decisions(
    call: Call[MemoryDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    decision_id: Annotated[
        str | None, Field(description="Like this past decision instead of like now", max_length=36)
    ] = None,
    limit: Annotated[int, Field(description="How many cases", ge=1, le=50)] = 10,
) -> AlikeDecisions:
    """The decisions in the most similar markets that had ended by as_of, and their base rates with 95 % intervals."""
    pool, org_id = pool_of(call), org_of(call)
    try:
        if decision_id is not None:
            found = await similar(pool, org_id, read_id(decision_id, "decision_id"), limit, by=call.as_of)
            if found is None:
                raise BadInput(f"decision_id: there is no decision {decision_id}", field="decision_id")
        else:
            own = (
                derived_id(UUID(call.round.session_id), "decision", call.round.seq) if call.round else org_id
            )
            now = list(_situation(call, symbol, timeframe))
            found = await like(pool, org_id, now, VERSION, before=call.as_of, but=own, limit=limit)
        known = await lessons(pool, org_id, [row["id"] for row in found], call.as_of)
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    return AlikeDecisions(
        as_of=call.as_of,
        source=call.source,
        space=VERSION,
        cases=tuple(
            Case(
                decision_id=str(row["id"]),
                at=row["created_at"],
                symbol=row["symbol"],
                decision=row["decision"],
                confidence=row["confidence"],
                similarity=round(row["similarity"], 4),
                outcome=row["outcome"],
                pnl=row["actual_pnl"],
                lesson=known.get(row["id"]),
            )
            for row in found
        ),
        rates=base_rates(found),
    )


def _situation(call: Call[MemoryDeps], symbol: str, timeframe: str) -> tuple[float, ...]:
    """The market at ``as_of`` as decisions keep it, without what only a finished round knows."""
    series = Series(call.deps.exchange, symbol, timeframe)
    candles = call.deps.reader.window(series, call.as_of, WINDOW)
    if not len(candles):
        raise DataUnavailable(f"no closed candle of {series.symbol} is stored up to {call.as_of.isoformat()}")
    return context_vector(market_features({name: getattr(candles, name) for name in INPUTS}))
