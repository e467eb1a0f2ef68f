"""Tools that answer for the session's book."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcp_servers.risk.books import NoBooks
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.risk.returns import log_returns
from openoutcry.types.market import DataFault
from tests.mcp_servers.risk.hosting import (
    HOUR,
    START,
    HandedBooks,
    amounts,
    ask,
    book,
    connected,
    store,
    store_funding,
)
from tests.openoutcry.risk.books import PERP, SPOT, holding, position, request, settings, working

HEDGED = holding(
    position(SPOT, "LONG", 10),
    position(PERP, "SHORT", 8, role="hedge"),
    peak_equity=Decimal(12_500),
    day_start_equity=Decimal(10_400),
)
BOOKS = HandedBooks(book(HEDGED))


@pytest.mark.parametrize("in_round", [True, False])
async def test_exposure(tmp_path: Path, in_round: bool) -> None:
    """10 BTC at 100 against a short of 8; equity 10,000 after a high of 12,500 and a day's start of 10,400."""
    found = await ask(tmp_path, "get_exposure", BOOKS, in_round=in_round, symbol="btcusdt")
    assert amounts(found, "price", "equity", "cash", "spot_value", "perp_value") == [
        100,
        10_000,
        9_000,
        1_000,
        -800,
    ]
    assert (found["gross_exposure"], found["net_exposure"], found["hedge_ratio"]) == (0.18, 0.02, 0.8)
    assert found["by_asset"] == {"BTC": 0.02}
    assert found["used"] == {
        "max_position_size": 0.5,
        "max_gross_exposure": 0.18,
        "max_daily_loss": pytest.approx(400 / 10_400 / 0.05),
        "max_drawdown": pytest.approx(0.2 / 0.15),
        "max_positions": pytest.approx(1 / 3),
    }
    assert (found["drawdown"], found["daily_loss"]) == (pytest.approx(0.2), pytest.approx(400 / 10_400))
    assert (found["open_positions"], found["stale"], found["symbol"]) == (1, False, SPOT)
    assert found["limits"] == {
        "max_position_size": 0.2,
        "max_gross_exposure": 1.0,
        "max_daily_loss": 0.05,
        "max_drawdown": 0.15,
        "max_positions": 3,
    }


async def test_a_missing_price_is_the_last_close_and_says_so(tmp_path: Path) -> None:
    store(tmp_path, SPOT, [90, 95, 99])
    store(tmp_path, PERP, [90, 95, 98])
    blind = HandedBooks(book(HEDGED, marks={}, faults=(DataFault(symbol=SPOT, kind="gap", detail="x"),)))
    found = await ask(tmp_path, "get_exposure", blind, at_bar=2, symbol=SPOT)
    assert amounts(found, "price", "spot_value", "perp_value") == [
        95,
        950,
        -760,
    ]  # never the bar that closes later
    assert found["stale"] is True


async def test_no_price_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable, match=SPOT):
        await ask(tmp_path, "get_exposure", HandedBooks(book(HEDGED, marks={})), symbol=SPOT)


@pytest.mark.parametrize("tool", ["get_portfolio", "get_risk_limits", "stress_test", "calculate_drawdown"])
async def test_without_a_floor_nothing_is_made_up(tmp_path: Path, tool: str) -> None:
    with pytest.raises(DataUnavailable, match="no floor is running"):
        await ask(tmp_path, tool, NoBooks())


async def test_portfolio(tmp_path: Path) -> None:
    found = await ask(tmp_path, "get_portfolio", BOOKS)
    assert amounts(found, "equity", "cash", "unrealized_pnl", "peak_equity") == [10_000, 9_000, 0, 12_500]
    first, second = found["positions"]
    assert (first["symbol"], first["side"], first["value"], first["allocation"]) == (
        SPOT,
        "LONG",
        "1000",
        0.1,
    )
    assert (second["symbol"], second["role"], second["quantity"]) == (PERP, "hedge", "8")
    assert (found["allocation"], found["equal_positions"]) == ({"BTC": 1.0}, 1.0)
    assert found["session_id"] == str(BOOKS.kept.session_id)


async def test_an_answer_inside_a_round_does_not_depend_on_ids(tmp_path: Path) -> None:
    """Two databases give the same session different ids, and must give the same ledger."""
    assert (await ask(tmp_path, "get_portfolio", BOOKS, in_round=True))["session_id"] is None


@pytest.mark.parametrize("session_id", ["nonsense", "22222222-2222-2222-2222-222222222222"])
async def test_an_unknown_session_is_refused(tmp_path: Path, session_id: str) -> None:
    with pytest.raises((BadInput, DataUnavailable), match="session"):
        await ask(tmp_path, "get_portfolio", BOOKS, session_id=session_id)


async def test_limits_count_open_orders_at_their_worst(tmp_path: Path) -> None:
    waiting = working(request("manual-1", SPOT, "BUY", 5, "LIMIT", price=Decimal(99)))
    found = await ask(tmp_path, "get_risk_limits", HandedBooks(book(HEDGED), (waiting,)))
    uses = {limit["rule"]: (limit["value"], limit["limit"], limit["breached"]) for limit in found["limits"]}
    assert uses["max_position_size"] == (pytest.approx(1500 / (10_000 - 500 * 0.00615)), 0.2, False)
    assert uses["max_gross_exposure"] == (pytest.approx(2300 / (10_000 - 500 * 0.00615)), 1.0, False)
    assert uses["max_drawdown"] == (0.2, 0.15, True)
    left = 10_000 - 500 * Decimal("0.00615")
    bounds = ("max_position_value", "max_gross_value", "max_margin_value", "max_drawdown_value")
    assert amounts(found, *bounds) == [left / 5, left, 10_000, 1_875]


async def test_stress(tmp_path: Path) -> None:
    shocks = [{"name": "crash", "move_pct": -20}, {"name": "squeeze", "move_pct": 10, "basis_pct": 5}]
    found = await ask(tmp_path, "stress_test", BOOKS, scenarios=shocks)
    crash, squeeze = found["outcomes"]
    assert (crash["pnl"], crash["pnl_pct"], crash["equity"]) == ("-40", -0.4, "9960")  # -200 + 160
    assert squeeze["pnl"] == "-20"  # +100 - 8 x 15
    assert found["worst"] == "crash"
    assert crash["drawdown"] == pytest.approx(1 - 9_960 / 12_500)
    standard = await ask(tmp_path, "stress_test", BOOKS)
    past = next(outcome for outcome in standard["outcomes"] if outcome["name"] == "march_2020")
    assert (past["pnl"], past["move_pct"], past["moves_pct"]) == ("-79", -44.7, {"BTC": -39.5})
    own = [{"name": "mixed", "move_pct": -50, "moves_pct": {"BTC": -10}}]
    assert (await ask(tmp_path, "stress_test", BOOKS, scenarios=own))["outcomes"][0]["pnl"] == "-20"


async def test_drawdown_of_the_session(tmp_path: Path) -> None:
    found = await ask(tmp_path, "calculate_drawdown", HandedBooks(book(), curve=(100.0, 120.0, 90.0, 108.0)))
    assert (found["max_drawdown"], found["current_drawdown"]) == (0.25, pytest.approx(0.1))
    assert (found["max_drawdown_peak_idx"], found["max_drawdown_trough_idx"], found["recovered"]) == (
        1,
        2,
        False,
    )


class TestReviewOrder:
    """The gate without consequence."""

    async def ask(self, home: Path, books: Any = BOOKS, **order: Any) -> dict[str, Any]:
        return await ask(
            home, "review_order", books, **{"symbol": SPOT, "side": "BUY", "quantity": "1", **order}
        )

    async def test_approved(self, tmp_path: Path) -> None:
        calm = HandedBooks(book(holding()))
        found = await self.ask(tmp_path, calm)
        assert (found["approved"], found["rule"], found["effect"], found["notional"]) == (
            True,
            None,
            "adds",
            "100",
        )

    async def test_refused_with_rule_value_and_limit(self, tmp_path: Path) -> None:
        found = await self.ask(tmp_path)
        assert (found["approved"], found["rule"], found["value"], found["limit"]) == (
            False,
            "max_drawdown",
            "0.2",
            "0.15",
        )

    async def test_an_exit_passes_while_halted(self, tmp_path: Path) -> None:
        found = await self.ask(tmp_path, HandedBooks(book(HEDGED, halted=True)), side="SELL", quantity=10)
        assert (found["approved"], found["effect"]) == (True, "reduces")

    async def test_open_orders_count(self, tmp_path: Path) -> None:
        waiting = working(request("manual-1", SPOT, "SELL", 6, "LIMIT", price=Decimal(110)))
        found = await self.ask(tmp_path, HandedBooks(book(HEDGED), (waiting,)), side="SELL", quantity="5")
        assert (found["rule"], found["limit"]) == ("short", "4")

    @pytest.mark.parametrize(
        ("order", "field"),
        [
            ({"type": "LIMIT"}, "price"),
            ({"price": "100"}, "price"),
            ({"type": "STOP_LOSS"}, "stop_price"),
            ({"quantity": "0"}, "quantity"),
            ({"quantity": "1e5"}, "quantity"),
            ({"quantity": "-1"}, "quantity"),
            ({"side": "buy"}, "side"),
            ({"symbol": "?"}, "symbol"),
        ],
    )
    async def test_bad_input_names_its_field(self, tmp_path: Path, order: dict[str, Any], field: str) -> None:
        with pytest.raises(BadInput) as caught:
            await self.ask(tmp_path, **order)
        assert caught.value.field == field


class TestAnalyzeHedge:
    """On stored candles: 300 quiet bars, then a fall."""

    RISING = 100 + 0.05 * np.arange(260) + 0.2 * np.sin(np.arange(260))
    FALL = RISING[-1] * 0.985 ** np.arange(1, 41) * (1 + 0.02 * (-1.0) ** np.arange(40))
    FALLING = np.concatenate((RISING, FALL))

    async def ask(self, home: Path, books: Any, bars: int) -> dict[str, Any]:
        return await ask(
            home, "analyze_hedge", books, at_bar=bars, in_round=True, symbol=SPOT, timeframe="1h"
        )

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        store(tmp_path, SPOT, self.FALLING)
        store(tmp_path, PERP, self.FALLING * 1.001)
        store_funding(tmp_path, 0.0001)
        return tmp_path

    async def test_a_wild_fall_wants_a_full_hedge(self, home: Path) -> None:
        found = await self.ask(home, HandedBooks(book(HEDGED)), 300)
        assert (found["target_hedge_ratio"], found["volatility_stress"], found["trend_stress"]) == (
            1.0,
            1.0,
            1.0,
        )
        assert found["adjustments"] == [
            {
                "asset": "BTC",
                "action": "Increase short position by 2 BTC",
                "priority": "high",
                "quantity": "2",
            }
        ]
        assert (found["hedge_ratio"], found["net_exposure"], found["target_net_exposure"]) == (0.8, 0.02, 0.0)
        assert found["funding_cost_daily_pct"] == pytest.approx(-0.03)
        assert found["correlation"] == pytest.approx(1.0)
        assert found["volatility"] == pytest.approx(np.std(log_returns(self.FALLING)[-48:], ddof=1))
        assert found["commentary"].startswith(
            "Current portfolio is 80% hedged. Increase short position by 2 BTC (high priority). "
            "BTC: a short earns 0.030 % a day in funding and is sold 0.0"
        )

    async def test_a_calm_rise_wants_none(self, home: Path) -> None:
        found = await self.ask(home, HandedBooks(book(HEDGED)), 260)
        assert found["target_hedge_ratio"] == 0.0
        assert found["adjustments"][0]["action"] == "Decrease short position by 8 BTC"

    async def test_little_history_is_said_and_changes_nothing(self, home: Path) -> None:
        found = await self.ask(home, HandedBooks(book(HEDGED)), 60)
        assert (found["target_hedge_ratio"], found["trend_stress"], found["adjustments"]) == (None, None, [])
        assert found["volatility"] is not None

    async def test_nothing_stored_and_nothing_held(self, tmp_path: Path) -> None:
        found = await self.ask(tmp_path, HandedBooks(book()), 0)
        assert (found["spot_value"], found["hedge_ratio"], found["correlation"]) == ("0", 0.0, None)
        assert found["commentary"] == "There is no spot position to hedge."

    async def test_the_rounds_own_funding_rate_wins(self, home: Path) -> None:
        found = await self.ask(home, HandedBooks(book(HEDGED, funding_rate=-0.002)), 300)
        assert found["funding_cost_daily_pct"] == pytest.approx(0.6)
        assert found["target_hedge_ratio"] == 0.0  # too dear


async def test_study_hedge_sees_nothing_after_as_of(tmp_path: Path) -> None:
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, 400)))
    store(tmp_path, SPOT, walk)
    store(tmp_path, PERP, np.concatenate((walk[:300], walk[:100])))  # what comes later would spoil the hedge
    store_funding(tmp_path, 0.001, START + 299 * HOUR)
    found = await ask(tmp_path, "study_hedge", BOOKS, at_bar=300, symbol=PERP, timeframe="1h", bars=250)
    assert (found["bars"], found["ratio"], found["symbol"], found["hedge_symbol"]) == (250, 1.0, SPOT, PERP)
    assert found["volatility_reduction"] == pytest.approx(1.0, abs=0.01)
    assert found["funding"] == pytest.approx(0.001 * walk[298] / walk[50])
    assert found["costs"] > 0
    with pytest.raises(DataUnavailable, match="share only 0 bars"):
        await ask(tmp_path, "study_hedge", BOOKS, at_bar=300, symbol="ETH/USDT", timeframe="1h")


async def test_check_portfolio_limits_of_the_session(tmp_path: Path) -> None:
    calm = HandedBooks(book(holding(position(SPOT, "LONG", 10))))
    trade = {"symbol": SPOT, "side": "BUY", "quantity": "5"}
    found = await ask(tmp_path, "check_portfolio_limits", calm, new_trade=trade)
    checks = {c["rule"]: (c["before"], c["after"], c["limit"], c["violated"]) for c in found["checks"]}
    assert found["approved"] is True
    assert checks["max_position_size"] == (0.1, pytest.approx(1500 / (10_000 - 500 * 0.00615)), 0.2, False)
    assert amounts(found, "trade_value", "current_portfolio", "projected_portfolio") == [500, 1_000, 1_500]
    large = await ask(tmp_path, "check_portfolio_limits", calm, new_trade={**trade, "quantity": 15})
    assert (large["approved"], large["violations"]) == (False, ["max_position_size: 0.250231 is beyond 0.2"])
    short = await ask(
        tmp_path, "check_portfolio_limits", calm, new_trade={**trade, "side": "SELL", "quantity": 11}
    )
    assert short["violations"] == [f"short: cannot sell more {SPOT} than is held (11, limit 10)"]
    assert (await ask(tmp_path, "check_portfolio_limits", calm))["approved"] is True


async def test_check_portfolio_limits_of_given_positions(tmp_path: Path) -> None:
    """CryptoFunk's arguments: 6,000 + 4,000 and a sale of 1,000."""
    given: dict[str, Any] = {
        "current_positions": [
            {"symbol": SPOT, "quantity": "60", "value": "6000"},
            {"symbol": "ETH/USDT", "value": 4000},
        ],
        "new_trade": {"symbol": "ETHUSDT", "side": "SELL", "quantity": 100, "price": 10},
        "limits": {"max_exposure": 9500, "max_concentration": 0.65, "max_drawdown": 0.1},
    }
    found = await ask(tmp_path, "check_portfolio_limits", NoBooks(), **given)
    checks = {c["rule"]: (c["before"], c["after"], c["violated"]) for c in found["checks"]}
    assert checks == {
        "max_exposure": (10_000, 9_000, False),
        "max_concentration": (0.6, pytest.approx(2 / 3), True),
    }
    assert (found["approved"], found["position_count"]) == (False, 2)
    assert found["notes"] == ["max_drawdown needs an equity curve: use calculate_drawdown"]
    for over in ({"current_positions": None}, {"new_trade": {**given["new_trade"], "price": None}}):
        with pytest.raises(BadInput):
            await ask(tmp_path, "check_portfolio_limits", BOOKS, **{**given, **over})


async def test_many_questions_of_one_connection(tmp_path: Path) -> None:
    async with connected(tmp_path, BOOKS) as connection:
        listed = {tool["name"]: tool for tool in await connection.list_tools()}
        answers = [await connection.call("get_exposure", {"symbol": SPOT}) for _ in range(2)]
    assert answers[0] == answers[1]
    assert set(listed) == {
        "analyze_hedge",
        "calculate_drawdown",
        "calculate_position_size",
        "calculate_sharpe",
        "calculate_var",
        "check_portfolio_limits",
        "get_exposure",
        "get_portfolio",
        "get_risk_limits",
        "keep_model_answer",
        "recall_model_answer",
        "reserve_model_call",
        "review_order",
        "settle_model_call",
        "stress_test",
        "study_hedge",
    }
    writes = {name for name, tool in listed.items() if not tool["annotations"]["readOnlyHint"]}
    assert writes == {"keep_model_answer", "recall_model_answer", "reserve_model_call", "settle_model_call"}


async def test_runtime_settings_are_the_ones_told(tmp_path: Path) -> None:
    tight = HandedBooks(book(holding(), settings=settings(risk={"max_position_size": 0.05})))
    found = await ask(tmp_path, "get_exposure", tight, symbol=SPOT)
    assert found["limits"]["max_position_size"] == 0.05
