"""Validating a version of the registry: its backtests on the home's candles, judged by the promotion gates.

Run by the worker's job and by `outcry strategies stage` alike; whoever runs it, a validation is taken in hand once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from db.candles.store import FIRST, LAST
from db.strategies import validations
from db.strategies.history import By
from db.strategies.metrics import record_metrics
from db.strategies.rows import StoredVersion
from openoutcry.backtest import preflight
from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.metrics import measure
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.preflight import Stored
from openoutcry.backtest.request.asked import Asked as BacktestAsked
from openoutcry.backtest.request.asked import Named
from openoutcry.backtest.request.completing import Found, complete
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.walking import Say, walk
from openoutcry.errors import BadInput, Conflict, NotFound, OpenOutcryError
from openoutcry.strategy.promotion import judge
from openoutcry.strategy.validation import YEARS, Asked, Report, read_asked
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import millis
from wire.strategies import load_trading_defaults
from workers.candles import coverage, stored
from workers.provenance import data_hash
from workers.strategy import bars_needed, loaded

YEAR = timedelta(days=365)
JUST = timedelta(milliseconds=1)
"""After the last bar's open: enough to take it in."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The version that is tried, and the exchange its strategy names."""

    version: StoredVersion
    exchange: str


async def run_validation(
    pool: asyncpg.Pool, home: Path, validation_id: UUID, by: By, say: Say, *, job_id: UUID | None = None
) -> Report:
    """Take a validation in hand, run it and keep its report, the version's metrics with it.

    Raises NotFound, Conflict when it is in other hands or over, and what keeps it from being run; that ends it as failed.
    """
    found = await validations.subject(pool, validation_id)
    asked = await validations.get(pool, validation_id)
    if found is None or asked is None:
        raise NotFound(f"there is no validation {validation_id}")
    if not await validations.begin(pool, validation_id, job_id):
        raise Conflict(f"validation {validation_id} is in other hands, or over")
    try:
        report = tried(home, Subject(*found), asked.asked, say)
    except OpenOutcryError as error:
        await validations.fail(pool, validation_id, str(error))
        raise
    except Exception as error:
        await validations.fail(pool, validation_id, f"{type(error).__name__}: {error}")
        raise
    async with pool.acquire() as connection, connection.transaction():
        told = report.model_dump(mode="json")
        if not await validations.complete(connection, validation_id, told, report.verdict.outcome):
            raise Conflict(f"validation {validation_id} was ended meanwhile")
        await record_metrics(connection, found[0].id, report.metrics, "validation", by)
    return report


def tried(home: Path, subject: Subject, mapping: Mapping[str, Any], say: Say) -> Report:
    """The report of a version on the home's candles. Raises BadInput naming what is wrong, DataUnavailable."""
    asked = read_asked(mapping)
    request = _request(home, subject, asked)
    strategy = loaded(request, home)
    needed = bars_needed(strategy, request)
    (symbol,) = request.symbols
    market = stored(home, request.venue, symbol, request.timeframe, request.start, request.end, needed)
    _checked(request, market)
    first = max(needed, int(np.searchsorted(market.candles.timestamp, millis(request.start))))
    windows, whole = walk(
        strategy,
        market.candles,
        first=first,
        timeframe=request.timeframe,
        costs=request.costs,
        config=request.execution_config,
        seed=request.seed,
        funding=market.funding,
        perpetual=Perpetual(leverage=request.leverage) if parse_symbol(symbol).kind == "perp" else None,
        say=say,
    )
    return Report(
        exchange=request.exchange,
        symbol=symbol,
        timeframe=request.timeframe,
        start=windows[0].start,
        end=windows[-1].end,
        bars=len(whole.times()),
        fee_pct=request.costs.fee_pct,
        slippage_pct=request.costs.slippage_pct,
        seed=request.seed,
        content_hash=request.content_hash,
        data_hash=data_hash([market.candles]),
        metrics=measure(whole).to_dict(),
        windows=windows,
        verdict=judge(windows),
    )


def _request(home: Path, subject: Subject, asked: Asked) -> BacktestRequest:
    """The whole of what is run, as a backtest over all windows would have it."""
    version, defaults = subject.version, load_trading_defaults(home)
    body = version.body
    exchange = asked.exchange or subject.exchange
    given = (asked.symbol,) if asked.symbol else ()
    source = Named(str(body["name"]), version.version, {}, "strategy")
    found = Found(body, version.version, version.strategy_id)

    def over(start: datetime, end: datetime) -> BacktestRequest:
        return complete(
            BacktestAsked(
                "tradai", source, start, end, exchange, given, asked.timeframe, None, 1.0, {}, asked.fee_pct,
                asked.slippage_pct, FillModel(), asked.seed, False,
            ),
            defaults,
            found,
        )  # fmt: skip

    resolved = over(asked.start or FIRST, asked.end or LAST)
    cover = coverage(home, resolved.venue, resolved.symbols[0], resolved.timeframe)
    last = cover.last + JUST
    end = min(asked.end, last) if asked.end else last
    start = max(asked.start or end - YEARS * YEAR, cover.first)
    if start >= end:
        raise BadInput(
            f"start: there are candles from {cover.first:%Y-%m-%d} to {last:%Y-%m-%d} only", field="start"
        )
    return resolved.model_copy(update={"start": start, "end": end})


def _checked(request: BacktestRequest, market: Stored) -> None:
    failure = preflight.judged([preflight.data(request, market)], strict=request.strict).failure
    if failure is not None:
        raise BadInput(failure, field="start")
