"""Validating a staged version: real backtests on stored candles, kept with their verdict, once."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from db.candles import CandleStore, Series
from db.jobs import ending, working
from db.jobs.rows import Output
from db.jobs.states import Ticket
from db.jobs.submit import Submission, submit
from db.pool import open_pool
from db.strategies import validations
from db.strategies.finding import versions
from db.strategies.history import By
from db.strategies.rows import StoredVersion
from db.strategies.staging import PromotionRefused, promote, stage
from openoutcry.errors import BadInput, Conflict, DataUnavailable, NotFound, OpenOutcryError
from openoutcry.market.synthetic import SyntheticMarket
from openoutcry.strategy.promotion import judge
from openoutcry.strategy.validation import Report
from tests.db.strategies.registered import ANN, ROSTER, definition, stored
from tests.factories import ORG
from workers.frames import Order
from workers.kinds import validation as kind
from workers.validating import run_validation
from workers.work import Work

BUSY = [
    {"name": "sma_cross_up", "signal_type": "TRIGGER", "timeframe": "1h", "params": {"window_fast": 3, "window_slow": 8}},
    {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 5}},
]  # fmt: skip
QUICK = {
    "entry": BUSY,
    "execution_config": {"cooldown_bars": 0, "atr_short_weight": 1.0, "atr_long_weight": 0.0},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two months of hourly candles."""
    folder = tmp_path_factory.mktemp("validated")
    market = SyntheticMarket(11, "BTC/USDT", "1h")
    for index in range(2):
        CandleStore(folder).merge(Series("binance", "BTC/USDT", "1h"), market.block(index).spot)
    return folder


@pytest.fixture
async def pool(fresh_database):
    pool = await open_pool(fresh_database)
    yield pool
    await pool.close()


async def asked(pool, name: str = "quick", data: dict[str, Any] | None = None, **changes: Any) -> UUID:
    """A strategy in staging whose validation waits."""
    await stored(pool, name, changes={**QUICK, **changes})
    costs = {"fee_pct": 0.0002, "slippage_pct": 0.0}
    staged = await stage(
        pool, ORG, name, "1.0.0", ANN, asked={**costs, **(data or {})}, reserved=ROSTER, keep_status=True
    )
    return staged.validation_id


async def run(pool, home: Path, validation_id: UUID) -> Report:
    return await run_validation(pool, home, validation_id, By("tester"), lambda done, of, word: None)


async def version(pool, name: str = "quick") -> StoredVersion:
    found = await pool.fetchval("SELECT id FROM strategies WHERE name = $1", name)
    return (await versions(pool, found))[-1]


async def test_it_runs_the_windows_and_keeps_report_and_metrics(pool, home: Path) -> None:
    validation_id = await asked(pool)
    report = await run(pool, home, validation_id)
    assert (report.symbol, report.timeframe, report.exchange, report.fee_pct) == (
        "BTC/USDT",
        "1h",
        "binance",
        0.0002,
    )
    assert [window.metrics["total_trades"] > 10 for window in report.windows] == [True, True, True]
    assert report.verdict == judge(report.windows)
    kept = await validations.get(pool, validation_id)
    assert kept is not None
    assert (kept.state, kept.outcome, Report.model_validate(kept.report)) == (
        "COMPLETED",
        report.verdict.outcome,
        report,
    )
    measured = await version(pool)
    assert (measured.metrics, measured.metrics_from) == (report.metrics, "validation")
    assert measured.score is not None
    refused = await promote(pool, ORG, "quick", "1.0.0", ANN, reserved=ROSTER)
    assert isinstance(refused, PromotionRefused)
    assert refused.failures == report.verdict.failures
    with pytest.raises(Conflict, match="in other hands, or over"):
        await run(pool, home, validation_id)


async def test_the_same_data_gives_the_same_report_and_the_period_is_kept(pool, home: Path) -> None:
    period = {"start": "2020-01-08T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
    one, two = [await run(pool, home, await asked(pool, name, period)) for name in ("one", "two")]
    assert one == two
    assert one.start.isoformat() == "2020-01-08T00:00:00+00:00"
    assert one.end.isoformat() == "2020-02-01T00:00:00+00:00"
    whole = await run(pool, home, await asked(pool, "three"))
    assert whole.bars > one.bars and whole.data_hash != one.data_hash


WRONG: list[tuple[dict[str, Any], type[OpenOutcryError], str]] = [
    ({"symbol": "ETH/USDT"}, DataUnavailable, "bars of binance ETH/USDT are stored"),
    ({"exchange": "kraken"}, DataUnavailable, "bars of kraken BTC/USDT are stored"),
    ({"timeframe": "15m"}, DataUnavailable, "no 15m bars"),
    ({"timeframe": "4h"}, BadInput, "1h bars cannot be made of 4h"),
    ({"timeframe": "7h"}, BadInput, "unknown timeframe"),
    ({"start": "2030-01-01T00:00:00Z"}, BadInput, "there are candles from 2020-01-01"),
    ({"start": "2020-01-01T00:00:00"}, BadInput, "time zone"),
    (
        {"start": "2020-02-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"},
        BadInput,
        "start: must be before end",
    ),
    ({"fee_pct": 2.0}, BadInput, "fee_pct"),
    ({"speling": 1}, BadInput, "speling"),
]


async def test_what_cannot_be_run_ends_as_failed_and_says_why(pool, home: Path) -> None:
    for number, (data, error, word) in enumerate(WRONG):
        name = f"wrong {number}"
        validation_id = await asked(pool, name, data)
        with pytest.raises(error, match=word):
            await run(pool, home, validation_id)
        kept = await validations.get(pool, validation_id)
        assert kept is not None
        assert kept.state == "FAILED"
        assert kept.error is not None and word in kept.error
        assert (await version(pool, name)).metrics is None
        with pytest.raises(Conflict):
            await run(pool, home, validation_id)


async def test_no_such_validation(pool, home: Path) -> None:
    with pytest.raises(NotFound):
        await run(pool, home, UUID(int=1))


async def test_a_worker_runs_it_as_a_job_and_takes_it_up_again_when_it_was_lost(
    pool, home: Path, fresh_database: str
) -> None:
    validation_id = await asked(pool)
    request = {"validation_id": str(validation_id)}
    job_id = await submit(pool, ORG, Submission("validation", "quick", request, version="1.0.0"), "me")
    assert await validations.begin(pool, validation_id, job_id), "a first attempt that was lost"
    said: list[Any] = []
    work = Work(Order(job_id, ORG, 2, "validation", request, home, fresh_database), said.append)
    output = await asyncio.to_thread(kind.run, work)
    kept = await validations.get(pool, validation_id)
    assert kept is not None
    assert (kept.state, kept.report) == (
        "COMPLETED",
        {k: v for k, v in output.result.items() if k != "validation_id"},
    )
    assert next(frame.message for frame in said) == "window 1 of 3"
    other = Work(
        Order(job_id, ORG, 1, "validation", {"validation_id": "x"}, home, fresh_database), said.append
    )
    with pytest.raises(BadInput, match="validation_id"):
        kind.run(other)


async def completed(pool, request: dict[str, Any], metrics: dict[str, Any]) -> None:
    ticket = Ticket(await submit(pool, ORG, Submission("backtest", "quick", request), "me"), 1)
    assert await working.claim(pool, ticket, "w")
    assert (await ending.complete(pool, ticket, Output(result={"metrics": metrics}))).updated


async def test_a_backtest_of_the_very_version_gives_it_its_metrics(pool) -> None:
    made = await stored(pool, "quick")
    body = definition("quick").body
    request = {
        "strategy_id": str(made.id),
        "version": "1.0.0",
        "content_hash": definition("quick").content_hash,
        "execution_config": {**body["execution_config"], "initial_balance": 500_000},
    }
    for other in (
        {"version": "1.0.1"},
        {"content_hash": "0" * 64},
        {"execution_config": {**body["execution_config"], "atr_period": 3}},
        {"strategy_id": None},
        {"strategy_id": "nonsense"},
    ):
        await completed(pool, {**request, **other}, {"sharpe_ratio": 9.0, "total_trades": 99})
        assert (await version(pool)).metrics is None, other
    await completed(pool, request, {"sharpe_ratio": 1.5, "total_trades": 40})
    measured = await version(pool)
    assert (measured.metrics, measured.metrics_from) == (
        {"sharpe_ratio": 1.5, "total_trades": 40},
        "backtest",
    )
