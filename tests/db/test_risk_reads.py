"""Risk questions answered from a real database and a candle store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from db import state
from db.candles import CandleReader
from db.pool import open_pool
from db.reads.hedge_view import hedge_view
from db.reads.risk_figures import (
    account_figures,
    concentration_of,
    daily_returns,
    market_figures,
    position_advice,
    shared_returns,
)
from db.reads.risk_report import risk_report
from db.reads.session_books import open_books, trade_results
from db.reads.sessions_seen import RiskSource, sessions_seen
from openoutcry.errors import BadInput, DataUnavailable, NotFound
from openoutcry.hedging.shapes import analysis_shape
from openoutcry.risk.metrics import figures
from openoutcry.risk.returns import simple_returns
from openoutcry.risk.shapes import (
    concentration_shape,
    exposure_shape,
    futures_shape,
    limits_shape,
    position_metrics_shape,
    rolling_shape,
    size_shape,
    spot_shape,
)
from openoutcry.settings import Settings
from tests.db.two_sessions import ETH, ETH_PERP, ORG, OTHER, WALK, begin, furnish
from tests.openoutcry.risk.books import AT, PERP, SPOT


@pytest.fixture
async def source(tmp_path: Path, fresh_database: str) -> AsyncIterator[RiskSource]:
    """Two sessions, one on BTC and one on ETH, with daily and hourly candles of both."""
    furnish(tmp_path)
    pool = await open_pool(fresh_database)
    await begin(pool)
    try:
        yield RiskSource(pool, CandleReader(tmp_path), Settings())
    finally:
        await pool.close()


async def test_all_open_sessions_are_one_account(source: RiskSource) -> None:
    seen = await sessions_seen(source, ORG)
    assert [s.book.symbol for s in seen] == [SPOT, ETH]
    assert [s.book.standing_hedge for s in seen] == [0.8, 0.8]
    # 10 BTC at 100 against 8 short at 101 (entered at 100), and 100 ETH at 10: equity 9,992 and 5,000.
    assert exposure_shape(seen) == {
        "BTC": pytest.approx((1000 - 808) / 14_992),
        "ETH": pytest.approx(1000 / 14_992),
        "total": pytest.approx((192 + 1000) / 14_992),
    }
    assert spot_shape(seen) == [
        {"symbol": "BTC", "quantity": 10.0, "value_usd": 1000.0, "avg_entry_price": 100.0},
        {"symbol": "ETH", "quantity": 100.0, "value_usd": 1000.0, "avg_entry_price": 10.0},
    ]
    assert futures_shape(seen) == [
        {
            "symbol": "BTC-PERP",
            "quantity": -8.0,
            "value_usd": -808.0,
            "avg_entry_price": 100.0,
            "leverage": 1.0,
        }
    ]
    assert position_metrics_shape(seen)[0] == {
        "symbol": "BTC",
        "spot_value": 1000.0,
        "spot_qty": 10.0,
        "futures_value": -808.0,
        "futures_qty": -8.0,
        "net_exposure": 192.0,
        "hedge_ratio": 0.808,
    }
    (alone,) = await sessions_seen(source, ORG, UUID(int=2))
    assert exposure_shape((alone,)) == {"ETH": 0.2, "total": 0.2}


async def test_limits_are_those_the_gate_holds_each_session_to(source: RiskSource) -> None:
    """And a change at runtime shows at once."""
    await state.add_config_updates(source.pool, {"max_position_size": 0.1})
    told = limits_shape(await sessions_seen(source, ORG))
    assert told["position_limits"] == {
        "default": 500.0, SPOT: 999.2, PERP: 999.2, ETH: 500.0, ETH_PERP: 500.0,
    }  # fmt: skip
    assert (told["exposure_limits"], told["margin_limits"]) == ({"total": 14_992.0}, {"total": 14_992.0})
    assert told["drawdown_limits"]["max"] == pytest.approx(0.15 * (10_000 + 5_000))


async def test_figures_of_the_market_and_of_the_account(source: RiskSource) -> None:
    first, second = await sessions_seen(source, ORG)
    assert market_figures(source.reader, first) == figures(simple_returns(WALK[-253:]), 365)
    assert market_figures(source.reader, first, ETH, 30) == figures(simple_returns(OTHER[-31:]), 365)
    own = await account_figures(source, second)
    assert own.volatility == pytest.approx(0.0, abs=1e-3) and own.max_drawdown == 0.0
    with pytest.raises(DataUnavailable, match="SOL/USDT: 0 daily candles"):
        market_figures(source.reader, first, "SOL/USDT")


async def test_a_size_for_an_asset(source: RiskSource) -> None:
    seen = await sessions_seen(source, ORG)
    told = size_shape(await position_advice(source, seen, ORG, "eth"))
    assert (told["asset"], told["price"], told["risk_per_trade"]) == ("ETH", 10.0, 50.0)
    assert told["stop_loss"] < 10.0 < told["take_profit"]
    assert told["take_profit"] - 10 == pytest.approx(1.5 * (10 - told["stop_loss"]), abs=0.02)
    assert (told["max_size"], told["recommended_size"], told["bound"]) == (0.0, 0.0, "max_position_size")
    btc = size_shape(await position_advice(source, seen, ORG, "BTC-PERP"))
    assert 0 < btc["recommended_size"] <= btc["max_size"] < 10.0
    for asset in ("DOGE", "", "BTC/USDT/USDT", "x" * 50):
        with pytest.raises(BadInput) as caught:
            await position_advice(source, seen, ORG, asset)
        assert caught.value.field == "asset"
    assert await trade_results(source.pool, ORG, (SPOT,), 10) == []


async def test_concentration_of_what_is_held(source: RiskSource) -> None:
    seen = await sessions_seen(source, ORG)
    told = concentration_shape(concentration_of(source.reader, seen))
    assert 1.9 < told["effective_assets"] <= 2.0
    assert sum(told["risk_contributions"].values()) == pytest.approx(1.0)
    assert told["risk_contributions"]["ETH"] > 0.9
    named = concentration_of(source.reader, seen, (SPOT, ETH), 100)
    assert set(named.risk_contributions) == {SPOT, ETH}
    rolling = rolling_shape(shared_returns(source.reader, "binance", (SPOT, ETH), AT), 30)
    assert len(rolling["correlations"]) == 252 - 29
    assert rolling["min_correlation"] <= rolling["current_correlation"] <= rolling["max_correlation"]
    for symbols, window, field in (((SPOT,), 30, "symbols"), ((SPOT, ETH), 400, "window")):
        with pytest.raises(BadInput) as caught:
            rolling_shape(shared_returns(source.reader, "binance", symbols, AT), window)
        assert caught.value.field == field
    with pytest.raises(DataUnavailable, match="share 0 daily candles"):
        shared_returns(source.reader, "binance", (SPOT, "SOL/USDT"), AT)
    with pytest.raises(BadInput, match="name at least one"):
        shared_returns(source.reader, "binance", (), AT)


async def test_the_hedges_with_their_market(source: RiskSource) -> None:
    view = hedge_view(source.reader, await sessions_seen(source, ORG))
    told = analysis_shape(view.analysis, view.markets, view.costs, view.targets)
    assert [(a["asset"], a["action"], a["priority"]) for a in told["adjustments"]] == [
        ("BTC", "Increase short position by 2 BTC", "high"),
        ("ETH", "Increase short position by 100 ETH", "high"),
    ]
    assert told["current_net_exposure"] == pytest.approx(1192 / 2000)
    assert told["risk_metrics"] == {
        "hedge_ratio": pytest.approx(0.404),
        "correlation": pytest.approx(-1.0),
    }
    assert told["assets"]["BTC"]["funding_cost_daily_pct"] == pytest.approx(-0.03)
    assert told["assets"]["BTC"]["basis_pct"] == pytest.approx(1.0)
    assert told["assets"]["ETH"]["funding_cost_daily_pct"] is None
    assert "earns 0.030 % a day" in told["commentary"]
    half = hedge_view(source.reader, await sessions_seen(source, ORG), 0.8)
    assert [a.asset for a in half.analysis.adjustments] == ["ETH"]


async def test_nothing_there_is_said(source: RiskSource) -> None:
    with pytest.raises(DataUnavailable, match="there is no session"):
        await sessions_seen(source, UUID(int=99))
    with pytest.raises(NotFound, match="there is no session"):
        await sessions_seen(source, ORG, UUID(int=98))
    assert await open_books(source.pool, lambda _: source.settings, UUID(int=99)) == ()
    with pytest.raises(DataUnavailable, match="2 are needed"):
        daily_returns(source.reader, "binance", SPOT, AT - timedelta(days=999))


async def test_the_report_says_what_it_cannot_tell(source: RiskSource, tmp_path: Path) -> None:
    seen = await sessions_seen(source, ORG)
    whole = risk_report(source.reader, seen)
    assert whole["equity"] == 14_992.0 and whole["stale"] is False
    assert {"exposure", "metrics", "limits", "used", "concentration", "stress"} <= whole.keys()
    assert len(whole["stress"]) > 10
    bare = risk_report(CandleReader(tmp_path / "empty"), seen)
    assert bare["metrics"]["unavailable"].startswith(f"{SPOT}: 0 daily candles")
    assert bare["exposure"] == whole["exposure"]
