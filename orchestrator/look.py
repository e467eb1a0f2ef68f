"""Take the round's frozen view of the market."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from openoutcry.errors import DataUnavailable, NotAuthorised, ToolFailed
from openoutcry.types.market import DataFault, Snapshot, Source
from orchestrator.poll import Askable

log = structlog.get_logger()
LOOK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the round sees: the snapshot all voices share, and the features its embedding is made of."""

    snapshot: Snapshot
    features: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a look is about."""

    symbol: str
    hedge_symbol: str | None
    timeframe: str
    source: Source


async def look(
    market: Askable, indicators: Askable, subject: Subject, *, seq: int, as_of: datetime, round_token: str
) -> Seen:
    """Snapshot and features at ``as_of``. A server that does not answer is a data fault: the round goes on, entries stop."""
    if subject.source == "live":  # asking the market is what makes it wait for the bar that has just closed
        seen = await _snapshot(market, subject, seq, as_of, round_token)
        return Seen(seen, await _features(indicators, subject, round_token))
    seen, context = await asyncio.gather(
        _snapshot(market, subject, seq, as_of, round_token), _features(indicators, subject, round_token)
    )
    return Seen(seen, context)


async def _snapshot(market: Askable, subject: Subject, seq: int, as_of: datetime, token: str) -> Snapshot:
    arguments: dict[str, Any] = {"symbol": subject.symbol, "timeframe": subject.timeframe}
    if subject.hedge_symbol:
        arguments["hedge_symbol"] = subject.hedge_symbol
    common = {
        "symbol": subject.symbol, "hedge_symbol": subject.hedge_symbol, "timeframe": subject.timeframe,
        "seq": seq, "as_of": as_of, "source": subject.source,
    }  # fmt: skip
    try:
        answer = await market.call(
            "get_market_snapshot", arguments, round_token=token, timeout_s=LOOK_TIMEOUT_S
        )
    except (ToolFailed, DataUnavailable, NotAuthorised) as error:
        log.warning("market_unavailable", error=str(error))
        fault = DataFault(symbol=subject.symbol, kind="missing", detail="market data unavailable")
        return Snapshot.model_validate({**common, "quote": None, "faults": (fault,), "data_digest": ""})
    wanted = ("quote", "hedge", "funding_rate", "faults", "data_digest")
    return Snapshot.model_validate({**common, **{key: answer[key] for key in wanted}})


async def _features(indicators: Askable, subject: Subject, token: str) -> dict[str, float | None]:
    try:
        answer = await indicators.call(
            "market_context",
            {"symbol": subject.symbol, "timeframe": subject.timeframe},
            round_token=token,
            timeout_s=LOOK_TIMEOUT_S,
        )
    except (ToolFailed, DataUnavailable, NotAuthorised) as error:
        log.warning("features_unavailable", error=str(error))
        return {}
    features: dict[str, float | None] = answer["features"]
    return features
