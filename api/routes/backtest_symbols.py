"""``/api/v1/backtesting/run``: AlphaPulse's form of a backtest: one strategy over several symbols, against a benchmark."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
from litestar import post

from api.access import caller_of
from api.bodies import Body, decode_body, read_object
from api.encoding import Answer
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.market import apart, home_of
from api.params import read_time
from api.requests import AnyRequest
from api.routes.backtest_runs import WAIT_S, Wanted, wanted_of, warming
from api.shapes.backtests import metrics_of
from api.shapes.base import Shape
from api.waiting import ended, somebody_works
from db.candles import CandleReader, Series
from db.jobs import reads
from db.jobs.rows import Job
from db.jobs.submit import Submission, submit
from openoutcry.backtest.benchmark import Against, against
from openoutcry.errors import BadInput, NotFound
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import parse_timeframe

MOST_SYMBOLS = 10
SIMPLE = "simple_ma"
ALIASES = {"rsi": "rsi_reversion", "macd": "macd_trend", "momentum": "momentum_confluence"}
FIELDS = {
    "name": "strategy_type", "strategy_config": "strategy_params", "strategy_json": "strategy_params",
    "date_range.start": "start_date", "date_range.end": "end_date", "date_range": "start_date",
    "capital": "initial_capital", "initial_balance": "initial_capital", "fee_pct": "commission",
    "slippage_pct": "slippage", "interval": "timeframe", "asset": "symbols",
}  # fmt: skip
"""What the fields of the bodies that jobs are asked for with are called here."""
EXAMPLE = {
    "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1h", "start_date": "2024-02-01", "end_date": "2024-04-30",
    "strategy_type": "simple_ma", "strategy_params": {"short_window": 20, "long_window": 50}, "initial_capital": 100000,
}  # fmt: skip


class RunWish(Body, frozen=True, kw_only=True):
    """``strategy_type`` is ``simple_ma`` (``short_window``, ``long_window``), or the name of a strategy of the registry or
    a shipped one, with its parameters. ``commission`` and ``slippage`` are fractions. The data are what is stored.
    """

    symbols: list[str]
    start_date: str
    end_date: str
    timeframe: str = "1d"
    strategy_type: str = SIMPLE
    strategy_params: dict[str, float | int | str | bool] = msgspec.field(default_factory=dict)
    initial_capital: float = 100_000.0
    commission: float = 0.002
    slippage: float = 0.001
    data_source: str = "auto"
    benchmark_symbol: str | None = None
    exchange: str | None = None


class SymbolResult(Shape, frozen=True, kw_only=True):
    """One symbol's run. ``alpha`` (of a year) and ``beta`` are of daily returns against the benchmark; null where there
    are too few. ``max_drawdown`` is positive. With an ``error`` there are no figures.
    """

    total_return: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    total_trades: int
    win_rate: float | None
    profit_factor: float | None
    benchmark_return: float | None
    alpha: float | None
    beta: float | None
    days: int
    execution_time_ms: float
    backtest_id: str
    error: str | None


class SymbolsRan(Shape, frozen=True, kw_only=True):
    """Results by symbol; ``request_id`` is that of the first run."""

    request_id: str
    status: str
    results: dict[str, SymbolResult]
    data_source_used: str
    execution_time_ms: float
    metadata: dict[str, str]


@post(
    "/api/v1/backtesting/run", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=RunWish, example=EXAMPLE, idempotent=True, status_code=200, errors=(404, 422),
    answers={200: SymbolsRan},
)  # fmt: skip
async def run(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Run a strategy over stored candles of each symbol, and hold it against a benchmark."""
    body = await read_object(request)
    wish = decode_body(json.dumps(body).encode(), RunWish, msgspec.json.Decoder())
    return await once(request, floor, Wanted(body=body), lambda name: _ran(request, floor, wish, name), 200)


async def _ran(request: AnyRequest, floor: Floor, wish: RunWish, name: str | None) -> SymbolsRan:
    began, caller, symbols = perf_counter(), caller_of(request), _symbols(wish)
    wanted = [await _submission(request, floor, wish, symbol) for symbol in symbols]
    if not await somebody_works(floor):
        raise warming("no worker takes jobs at the moment", None)
    jobs = [
        await submit(
            floor.pool, caller.org_id, one, caller.name, once=None if name is None else f"{name}:{symbol}"
        )
        for symbol, one in zip(symbols, wanted, strict=True)
    ]
    results: dict[str, SymbolResult] = {}
    for symbol, job_id in zip(symbols, jobs, strict=True):
        left = WAIT_S - (perf_counter() - began)
        job = await ended(floor, caller.org_id, job_id, max(0.1, left))
        if not job.over:
            raise warming("it is still running", job_id)
        results[symbol] = await _result(floor, wish, job)
    failed = [one for one in results.values() if one.error]
    return SymbolsRan(
        request_id=str(jobs[0]),
        status="failed" if len(failed) == len(results) else "partial" if failed else "completed",
        results=results,
        data_source_used="stored",
        execution_time_ms=(perf_counter() - began) * 1000,
        metadata={
            "strategy_type": wish.strategy_type, "timeframe": wish.timeframe, "start_date": wish.start_date,
            "end_date": wish.end_date, "benchmark_symbol": wish.benchmark_symbol or "each symbol itself",
            "exchange": wish.exchange or floor.run.exchange,
        },
    )  # fmt: skip


async def _submission(request: AnyRequest, floor: Floor, wish: RunWish, symbol: str) -> Submission:
    """One symbol's job. Raises Failure naming the field as this body has it."""
    try:
        return await wanted_of(request, floor, _body(wish, symbol))
    except NotFound as error:
        raise invalid_body(f"strategy_type: {error}", "strategy_type") from error
    except Failure as failure:
        given = failure.field or ""
        field = next((ours for theirs, ours in FIELDS.items() if given.startswith(theirs)), failure.field)
        raise invalid_body(failure.details or failure.error, field) from failure


def _symbols(wish: RunWish) -> list[str]:
    """The symbols, and everything the job does not check itself. Raises Failure 400."""
    if wish.data_source not in ("auto", "stored"):
        raise invalid_body("data_source: auto or stored; more candles come by /data/sync", "data_source")
    try:
        names = [str(parse_symbol(text, field="symbols")) for text in wish.symbols]
        if wish.benchmark_symbol is not None:
            parse_symbol(wish.benchmark_symbol, field="benchmark_symbol")
        parse_timeframe(wish.timeframe)
    except BadInput as error:
        raise invalid_body(str(error), error.field) from error
    if not 1 <= len(names) <= MOST_SYMBOLS or len(set(names)) != len(names):
        raise invalid_body(f"symbols: 1 to {MOST_SYMBOLS} different ones", "symbols")
    for field, value, most in (("commission", wish.commission, 0.5), ("slippage", wish.slippage, 0.5)):
        if not 0 <= value <= most:
            raise invalid_body(f"{field}: must be from 0 to {most}", field)
    if not 0 < wish.initial_capital <= 1e15:
        raise invalid_body("initial_capital: must be above zero", "initial_capital")
    return names


def _body(wish: RunWish, symbol: str) -> dict[str, Any]:
    """The same wish as Mangrove's body or TradAI's has it."""
    shared: dict[str, Any] = {
        "symbols": [symbol], "fee_pct": wish.commission, "slippage_pct": wish.slippage,
        **({} if wish.exchange is None else {"exchange": wish.exchange}),
    }  # fmt: skip
    timeframe = parse_timeframe(wish.timeframe)
    if wish.strategy_type == SIMPLE:
        made = json.dumps(_simple(wish.strategy_params, symbol, timeframe))
        period = {"start_date": wish.start_date, "end_date": wish.end_date, "interval": timeframe}
        base = {"asset": parse_symbol(symbol).base, "initial_balance": wish.initial_capital}
        return {**shared, **period, **base, "strategy_json": made}
    named = ALIASES.get(wish.strategy_type, wish.strategy_type)
    return {
        **shared,
        "strategy_config": {"name": named, "parameters": dict(wish.strategy_params)},
        "date_range": {"start": wish.start_date, "end": wish.end_date},
        "timeframe": timeframe,
        "capital": wish.initial_capital,
    }


def _simple(params: Mapping[str, Any], symbol: str, timeframe: str) -> dict[str, Any]:
    """Two averages: long while the short one is above. Raises Failure 400."""
    if set(params) - {"short_window", "long_window"}:
        raise invalid_body("strategy_params: short_window, long_window", "strategy_params")
    short, long = params.get("short_window", 20), params.get("long_window", 50)
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in (short, long)):
        raise invalid_body("strategy_params: windows are whole numbers", "strategy_params")
    if not 2 <= short < long <= 1000:
        raise invalid_body("strategy_params: 2 <= short_window < long_window <= 1000", "strategy_params")
    cross = {"window_fast": short, "window_slow": long}
    rule = {"signal_type": "TRIGGER", "timeframe": timeframe, "params": cross}
    above = {
        "name": "is_above_sma",
        "signal_type": "FILTER",
        "timeframe": timeframe,
        "params": {"window": long},
    }
    return {
        "name": SIMPLE,
        "asset": parse_symbol(symbol).base,
        "entry": [{"name": "sma_cross_up", **rule}, above],
        "exit": [{"name": "sma_cross_down", **rule}],
        "reward_factor": 10.0,
    }


async def _result(floor: Floor, wish: RunWish, job: Job) -> SymbolResult:
    found = metrics_of(job) or {}
    held = await _against(floor, wish, job) if found else Against(None, None, None, 0)
    took = (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.started_at else 0.0
    return SymbolResult(
        total_return=found.get("total_return"),
        sharpe_ratio=found.get("sharpe_ratio"),
        max_drawdown=found.get("max_drawdown"),
        total_trades=found.get("total_trades", 0),
        win_rate=found.get("win_rate"),
        profit_factor=found.get("profit_factor"),
        **asdict(held),
        execution_time_ms=took * 1000,
        backtest_id=str(job.id),
        error=None if job.status == "COMPLETED" else job.error or job.status.lower(),
    )


async def _against(floor: Floor, wish: RunWish, job: Job) -> Against:
    """The run's equity against the benchmark's stored candles over the same time."""
    curve = await reads.curve(floor.pool, job.org_id, job.id)
    symbol = wish.benchmark_symbol or job.request["symbols"][0]
    series = Series(wish.exchange or floor.run.exchange, symbol, parse_timeframe(wish.timeframe))
    start, end = read_time(job.request["start"], "start_date"), read_time(job.request["end"], "end_date")
    if curve is None or start is None or end is None:
        return Against(None, None, None, 0)
    candles = await apart(lambda: CandleReader(home_of(floor)).between(series, start, end))
    if not len(candles):
        raise Failure(
            404, "data unavailable", code="DATA_UNAVAILABLE", field="benchmark_symbol",
            details=f"no {series.timeframe} candles of {series.symbol} are stored for this period",
        )  # fmt: skip
    known = (candles.timestamp + series.bar_ms).astype(np.float64)
    times, equity = (np.array(line, dtype=np.float64) for line in (curve.at_ms, curve.equity))
    return against(times, equity, known, candles.close)


HANDLERS = [run]
