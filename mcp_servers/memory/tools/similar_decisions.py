"""How situations like this one ended."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from db.candles import Series
from db.pool import Row
from db.reads.minds import perhaps_read
from db.similar import figures_of, like, similar
from mcp_servers.cursors import CursorArg, written
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of, read_id
from mcp_servers.memory.lessons import Lesson, lessons
from mcp_servers.memory.paging import alike
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.baserates import BaseRates, base_rates
from openoutcry.canonical import derived_id
from openoutcry.context import INPUTS, VERSION, context_vector, market_features
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.explain import Alike

WINDOW = 1000
"""Bars that the situation is described from; the same as the floor's own."""


class Case(Alike):
    """A decision in a market that looked alike, and how it ended. ``lesson`` is null where none was kept yet."""

    lesson: Lesson | None


class AlikeDecisions(ToolResult):
    """Nearest first, all of them ended by ``as_of``. ``rates`` count exactly these cases; ``space`` says what was compared;
    ``perhaps_read`` of them had a voice by a model that may have read in training what came: they prove nothing.
    ``next_cursor`` asks for those that are less alike, null at the end.
    """

    space: str
    cases: tuple[Case, ...]
    rates: BaseRates
    perhaps_read: int
    next_cursor: str | None


@tool(scope="mem:read", read_only=True)
async def similar_decisions(
    call: Call[MemoryDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    decision_id: Annotated[
        str | None, Field(description="Like this past decision instead of like now", max_length=36)
    ] = None,
    limit: Annotated[int, Field(description="How many cases", ge=1, le=50)] = 10,
    cursor: CursorArg = None,
) -> AlikeDecisions:
    """The decisions in the most similar markets that had ended by as_of, and their base rates with 95 % intervals."""
    pool, org_id, page = pool_of(call), org_of(call), alike(cursor, call.as_of)
    try:
        if decision_id is not None:
            asked = read_id(decision_id, "decision_id")
            rows = await similar(pool, org_id, asked, limit + 1, by=page.as_of, beyond=page.beyond)
            if rows is None:
                raise BadInput(f"decision_id: there is no decision {decision_id}", field="decision_id")
        else:
            own = (
                derived_id(UUID(call.round.session_id), "decision", call.round.seq) if call.round else org_id
            )
            now = list(_situation(call, symbol, timeframe, page.as_of))
            rows = await like(
                pool, org_id, now, VERSION, before=page.as_of, but=own, limit=limit + 1, beyond=page.beyond
            )
        found = rows[:limit]
        known = await lessons(pool, org_id, [row["id"] for row in found], page.as_of)
        doubtful = await perhaps_read(pool, org_id, [row["id"] for row in found], call.deps.cutoffs)
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    return AlikeDecisions(
        as_of=page.as_of,
        source=call.source,
        space=VERSION,
        cases=tuple(Case(**figures_of(row), lesson=known.get(row["id"])) for row in found),
        rates=base_rates(found),
        perhaps_read=len(doubtful),
        next_cursor=_after(page.as_of, found[-1]) if len(rows) > limit else None,
    )


def _after(as_of: datetime, last: Row) -> str:
    return written(as_of.isoformat(), repr(last["similarity"]), str(last["id"]))


def _situation(call: Call[MemoryDeps], symbol: str, timeframe: str, as_of: datetime) -> tuple[float, ...]:
    """The market at ``as_of`` as decisions keep it, without what only a finished round knows."""
    series = Series(call.deps.exchange, symbol, timeframe)
    candles = call.deps.reader.window(series, as_of, WINDOW)
    if not len(candles):
        raise DataUnavailable(f"no closed candle of {series.symbol} is stored up to {as_of.isoformat()}")
    return context_vector(market_features({name: getattr(candles, name) for name in INPUTS}))
