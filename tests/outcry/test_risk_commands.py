"""``outcry risk`` and ``outcry hedge`` over a real database, run in this process."""

import asyncio
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from db.candles import CandleStore, FundingSeries, Series
from db.pool import open_pool
from openoutcry.errors import BadInput, DataUnavailable, StartupRefused
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.types.timeframes import millis
from outcry.commands.hedge import app as hedge
from outcry.commands.risk import app as risk
from tests.db.two_sessions import begin, furnish
from tests.openoutcry.risk.books import PERP, SPOT

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def home(tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose database has two open sessions."""

    async def write() -> None:
        pool = await open_pool(fresh_database)
        try:
            await begin(pool)
        finally:
            await pool.close()

    furnish(tmp_path)
    asyncio.run(write())
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    return tmp_path


def run(app: Any, home: Path, *words: str) -> Result:
    """A command; what it raises on purpose comes through."""
    return CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=False)


def said(app: Any, home: Path, *words: str) -> Any:
    found = run(app, home, *words, "--json")
    assert found.exit_code == 0, found.output
    assert "NaN" not in found.stdout and "Infinity" not in found.stdout
    return json.loads(found.stdout)


def test_every_question_has_an_answer(home: Path) -> None:
    """Equity 14,992: see tests/db/test_risk_reads.py for how the figures come about."""
    assert said(risk, home, "exposure")["BTC"] == pytest.approx(192 / 14_992)
    figures = said(risk, home, "metrics")
    assert set(figures) == {
        "volatility", "var_95", "cvar_95", "max_drawdown", "sharpe_ratio", "sortino_ratio", "calmar_ratio",
    }  # fmt: skip
    assert said(risk, home, "metrics", "--symbol", "ethusdt", "--days", "30") != figures
    assert said(risk, home, "metrics", "--of", "account")["max_drawdown"] == 0.0
    told = said(risk, home, "limits")
    assert told["position_limits"]["default"] == 1_000.0 and len(told["used"]) == 2
    assert said(risk, home, "size", "BTC")["asset"] == "BTC"
    assert said(risk, home, "positions")["metrics"][0]["hedge_ratio"] == pytest.approx(0.808)
    assert {s["name"] for s in said(risk, home, "stress")} >= {"march_2020", "drop_20"}
    assert said(risk, home, "concentration")["effective_assets"] > 1.9
    assert said(risk, home, "correlation", "BTC/USDT,ETH/USDT")["matrix"][0][0] == pytest.approx(1.0)
    assert said(risk, home, "correlation", "BTC/USDT,ETH/USDT", "--window", "30")["window_days"] == 30
    assert said(risk, home, "report")["equity"] == 14_992.0
    assert said(risk, home, "exposure", "--session", "00000000-0000-0000-0000-000000000002") == {
        "ETH": 0.2,
        "total": 0.2,
    }
    assert said(hedge, home, "analysis", "--ratio", "0.8")["adjustments"][0]["asset"] == "ETH"
    shown = run(risk, home, "limits").stdout
    assert "position_limits" in shown and "1,000" in shown


@pytest.mark.parametrize(
    ("app", "words", "field"),
    [
        (risk, ("exposure", "--session", "nonsense"), "session"),
        (risk, ("size", "DOGE"), "asset"),
        (risk, ("size", "BTC", "--strength", "nan"), "signal_strength"),
        (risk, ("metrics", "--symbol", "?"), "symbol"),
        (risk, ("correlation", "BTC/USDT", "--window", "30"), "symbols"),
        (risk, ("correlation", "BTC/USDT,ETH/USDT", "--window", "900"), "window"),
        (risk, ("correlation", ","), "symbols"),
        (risk, ("concentration", "--symbols", "BTC/USDT,?"), "symbols"),
        (hedge, ("analysis", "--ratio", "inf"), "ratio"),
        (hedge, ("execute", "--ratio", "-0.1"), "ratio"),
        (hedge, ("study", "--from", "2023-02-30"), "--from"),
        (hedge, ("study", "--from", "2023-02-02", "--to", "2023-02-01"), "to"),
        (hedge, ("study", "--timeframe", "1y"), "timeframe"),
        (hedge, ("study", "--exchange", "../etc"), "exchange"),
    ],
)
def test_bad_input_names_its_field(home: Path, app: Any, words: tuple[str, ...], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        run(app, home, *words)
    assert caught.value.field == field


@pytest.mark.parametrize("words", [("metrics", "--days", "1"), ("metrics", "--of", "luck"), ("size",)])
def test_wrong_usage_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(risk, tmp_path, *words).exit_code == 2


def test_without_a_floor_nothing_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTCRY_DATABASE_URL", raising=False)
    for app, words in (
        (risk, ("exposure",)),
        (hedge, ("analysis",)),
        (hedge, ("execute",)),
        (hedge, ("close",)),
    ):
        with pytest.raises(StartupRefused, match="outcry up"):
            run(app, tmp_path / "none", *words)
    with pytest.raises(DataUnavailable, match="nothing is stored of binance BTC/USDT 1h"):
        run(hedge, tmp_path / "none", "study")


def test_a_floor_that_does_not_answer_is_said_and_the_command_stays_queued(home: Path) -> None:
    """No orchestrator runs on this database."""
    for _ in range(2):
        with pytest.raises(
            DataUnavailable, match=r"within 0.2 s: command .* --once mine asks for the same one"
        ):
            run(hedge, home, "execute", "--once", "mine", "--wait", "0.2")

    async def queued() -> int:
        import os

        pool = await open_pool(os.environ["OUTCRY_DATABASE_URL"])
        try:
            return int(await pool.fetchval("SELECT count(*) FROM commands"))
        finally:
            await pool.close()

    assert asyncio.run(queued()) == 1


def test_the_study_of_a_small_store(tmp_path: Path) -> None:
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, 400)))
    stamps = millis(datetime(2023, 1, 1, tzinfo=UTC)) + 3_600_000 * np.arange(400)
    for symbol, closes in ((SPOT, walk), (PERP, walk * 1.001)):
        candles = Candles.of(stamps, closes, closes, closes, closes, np.ones(400))
        CandleStore(tmp_path).merge(Series("binance", symbol, "1h"), candles)
    found = said(hedge, tmp_path, "study", "--from", "2023-01-02", "--to", "2023-01-10")
    assert (found["from"], found["to"]) == ("2023-01-02T00:00:00+00:00", "2023-01-10T23:00:00+00:00")
    assert (found["bars"], found["notes"]) == (
        216, [f"no funding rates of {PERP} are stored: funding counts as nothing"],
    )  # fmt: skip
    paid = FundingRates.of([int(stamps[48])], [0.001])
    CandleStore(tmp_path).merge_funding(FundingSeries("binance", PERP), paid)
    again = said(hedge, tmp_path, "study", "--from", "2023-01-02", "--to", "2023-01-10")
    assert (again["funding_rates"], again["notes"]) == (1, [])
    assert again["funding"] == pytest.approx(0.001 * walk[47] * 1.001 / walk[24])
    assert again["hedged"]["total_return"] - found["hedged"]["total_return"] == pytest.approx(
        again["funding"]
    )
    shown = run(hedge, tmp_path, "study").stdout
    assert "volatility taken away" in shown and "fees and spread" in shown
    with pytest.raises(DataUnavailable, match="stored are 2023-01-01 to 2023-01-17"):
        run(hedge, tmp_path, "study", "--from", "2030-01-01")


def test_the_year_2023_on_real_candles(tmp_path: Path) -> None:
    """A fully hedged book loses at least 90 % of its volatility, with every cost in the report."""
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there")
    import pyarrow.parquet as pq

    store = CandleStore(tmp_path)
    names = ("timestamp", "open", "high", "low", "close", "volume")
    for side, symbol in (("spot", SPOT), ("perp", PERP)):
        table = pq.read_table(DATA / side / "BTCUSDT_1h.parquet")
        columns = [table.column(name).to_numpy() for name in names]
        rows = _year(columns[0])
        store.merge(Series("binance", symbol, "1h"), Candles.of(*(column[rows] for column in columns)))
    paid = pq.read_table(DATA / "perp" / "BTCUSDT_funding.parquet")
    stamps, rates = paid.column("timestamp").to_numpy(), paid.column("funding_rate").to_numpy()
    rows = _year(stamps)
    store.merge_funding(FundingSeries("binance", PERP), FundingRates.of(stamps[rows], rates[rows]))
    found = said(hedge, tmp_path, "study", "--from", "2023-01-01", "--to", "2023-12-31")
    assert found["bars"] > 8_700 and found["funding_rates"] > 1_090
    assert found["volatility_reduction"] >= 0.90
    assert found["hedged"]["volatility"] <= 0.1 * found["unhedged"]["volatility"]
    whole = found["funding"] + found["basis"] - found["costs"]
    assert math.isclose(found["hedged"]["total_return"], whole, abs_tol=0.01), "and the spot's own costs"


def _year(stamps: Any) -> Any:
    low, high = (millis(datetime(year, 1, 1, tzinfo=UTC)) for year in (2023, 2024))
    return (stamps >= low) & (stamps < high)
