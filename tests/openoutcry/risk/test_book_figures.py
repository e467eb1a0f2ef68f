"""Limits, stress and concentration of a book, worked out by hand."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from openoutcry.risk.concentration import shares
from openoutcry.risk.correlation import correlation
from openoutcry.risk.exposure import funds
from openoutcry.risk.gate import review
from openoutcry.risk.limits import LimitUse, limit_amounts, limit_uses
from openoutcry.risk.standing import standings
from openoutcry.risk.stress import HISTORICAL, SCENARIOS, Scenario, stress
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.orders import Refused
from openoutcry.types.timeframes import millis
from tests.openoutcry.risk.books import (
    ETH,
    PERP,
    PRICES,
    SPOT,
    gate_input,
    holding,
    position,
    request,
    settings,
    working,
)

DATA = Path(__file__).parents[4] / "shared" / "data" / "spot"

BOOK = holding(
    position(SPOT, "LONG", 10), position(PERP, "SHORT", 4, role="hedge"), position(ETH, "LONG", 60, 10)
)


def test_limits_with_what_uses_them() -> None:
    """Equity 10,000, of which the open order will cost 200 x 0.615 %: BTC 1,000 and 400, ETH 600 held and 200 on
    order.
    """
    orders = (working(request("manual-1", ETH, "BUY", 20, "LIMIT", price=Decimal(9))),)
    uses = {use.rule: use for use in limit_uses(BOOK, orders, PRICES, settings())}
    left = 10_000 - 200 * Decimal("0.00615")
    assert {rule: (use.value, use.limit, use.breached) for rule, use in uses.items()} == {
        "max_position_size": (1000 / left, Decimal("0.2"), False),
        "max_gross_exposure": (2200 / left, 1, False),
        "max_positions": (2, 3, False),
        "max_daily_loss": (0, Decimal("0.05"), False),
        "max_drawdown": (0, Decimal("0.15"), False),
    }
    assert uses["max_position_size"].used == float(5000 / left)


def test_a_loss_limit_is_broken_at_the_limit_a_size_limit_beyond_it() -> None:
    lost = BOOK.model_copy(update={"day_start_equity": Decimal(10_500), "peak_equity": Decimal(12_500)})
    told = settings(risk={"max_position_size": 0.1, "max_daily_loss": 0.04, "max_drawdown": 0.2})
    broken = {use.rule: use.breached for use in limit_uses(lost, (), PRICES, told)}
    assert broken == {
        "max_position_size": False,
        "max_gross_exposure": False,
        "max_positions": False,
        "max_daily_loss": True,
        "max_drawdown": True,
    }


@pytest.mark.parametrize(
    ("value", "limit", "used", "pressure", "breached"),
    [
        ("0.1", "0.2", 0.5, 0.5, False),
        ("-0.1", "0.2", -0.5, 0.0, False),  # a gain is no pressure
        ("0", "0", None, 1.0, False),  # a limit of zero is always used up
        ("0.1", "0", None, 1.0, True),
        ("0.2", "0.2", 1.0, 1.0, True),
    ],
)
def test_pressure(value: str, limit: str, used: float | None, pressure: float, breached: bool) -> None:
    use = LimitUse("max_drawdown", Decimal(value), Decimal(limit))
    assert (use.used, use.pressure, use.breached) == (used, pressure, breached)


@pytest.mark.parametrize(
    ("scenario", "profit"),
    [
        (Scenario("drop", Decimal("-0.1")), -100 + 40 - 60),
        (Scenario("rally", Decimal("0.2")), 200 - 80 + 120),
        (Scenario("basis", Decimal("-0.2"), Decimal("0.03")), -200 + Decimal("0.17") * 400 - 120),
        (Scenario("end", Decimal("-1")), -1000 + 400 - 600),
    ],
)
def test_stress(scenario: Scenario, profit: Decimal) -> None:
    (outcome,) = stress(BOOK, PRICES, [scenario])
    assert (outcome.profit, outcome.equity) == (profit, 10_000 + profit)
    assert outcome.drawdown == pytest.approx(max(0, -float(profit) / 10_000))


def test_a_fully_hedged_book_does_not_move() -> None:
    hedged = holding(position(SPOT, "LONG", 10), position(PERP, "SHORT", 10, role="hedge"))
    moves = {o.scenario.name: o.profit for o in stress(hedged, PRICES)}
    assert {name for name, profit in moves.items() if profit != 0} == {"squeeze", "basis_break"}
    assert moves["basis_break"] == -30 and moves["squeeze"] == -20
    assert len(moves) == len(SCENARIOS)


def test_assets_without_a_move_of_their_own_take_the_scenarios() -> None:
    scenario = Scenario("past", Decimal("-0.4"), moves={"BTC": Decimal("-0.3")})
    (outcome,) = stress(BOOK, PRICES, [scenario])
    assert outcome.profit == -300 + 120 - 240


@pytest.mark.parametrize(("coin", "own"), [("BTC", True), ("ETH", False)])
def test_the_historical_scenarios_happened(coin: str, own: bool) -> None:
    """From the first price of the first day to that of the day after the last, on Binance spot."""
    file = DATA / f"{coin}USDT_1h.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    opened = dict(zip(table.column("timestamp").to_pylist(), table.column("open").to_pylist(), strict=True))
    for scenario in HISTORICAL:
        days = re.match(r"(\d{4}-\d\d-\d\d)(?: to (\d\d-\d\d))?", scenario.note)
        assert days is not None
        first = datetime.fromisoformat(days[1]).replace(tzinfo=UTC)
        end = datetime.fromisoformat(f"{days[1][:5]}{days[2]}").replace(tzinfo=UTC) if days[2] else first
        move = opened[millis(end + timedelta(days=1))] / opened[millis(first)] - 1
        told = scenario.moves["BTC"] if own else scenario.move
        assert float(told) == pytest.approx(move, abs=0.0006), scenario.name


def test_the_gate_refuses_beyond_what_the_limits_come_to_and_not_before() -> None:
    """Equity 10,000 and an open order for 2,000 that will cost 12.30: a fifth of the rest is the largest position."""
    waiting = (working(request("manual-1", ETH, "BUY", 200, "LIMIT", price=Decimal(10))),)
    book = gate_input(working=waiting)
    held = standings(book.portfolio, waiting)
    money = funds(book.portfolio, waiting, held, PRICES, settings())
    bounds = limit_amounts(book.portfolio, money, settings())
    left = 10_000 - 2_000 * Decimal("0.00615")
    assert (bounds.position, bounds.exposure) == (left / 5, left)
    assert (bounds.margin, bounds.order) == (10_000, 1_000_000)
    assert (bounds.daily_loss, bounds.drawdown) == (500, 1_500)
    rate = Decimal("0.00615")
    for value, refused in ((bounds.position / (1 + rate / 5), False), (bounds.position, True)):
        verdict = review(
            request("manual-2", SPOT, "BUY", floor_to_step(value / 100, Decimal("0.00001"))), book, settings()
        )
        assert isinstance(verdict, Refused) is refused
        assert not refused or verdict.rule == "max_position_size"


def test_margin_bounds_perpetuals_by_what_is_set_aside_for_them() -> None:
    told = settings(risk={"perp_margin": 2 / 3, "max_gross_exposure": 5.0, "max_position_size": 1.0})
    book = holding(capital=100_000)
    bounds = limit_amounts(book, funds(book, (), {}, PRICES, told), told)
    assert float(bounds.margin) == pytest.approx(150_000)  # the seed's own figure for 100,000


def test_concentration_counts_an_assets_spot_and_perpetual_together() -> None:
    found = shares(BOOK, PRICES)
    assert found.by_asset == {"BTC": 0.7, "ETH": 0.3}
    assert found.herfindahl == pytest.approx(0.58)
    assert found.equal_positions == pytest.approx(1 / 0.58)
    assert shares(holding(), PRICES).by_asset == {}


def test_correlation() -> None:
    left = np.array([0.01, -0.02, 0.03, 0.00])
    assert correlation(left, left * 2 + 1) == pytest.approx(1.0)
    assert correlation(left, -left) == pytest.approx(-1.0)
    assert correlation(left, np.zeros(4)) is None
    assert correlation(left[:1], left[:1]) is None
    noise = np.random.default_rng(3).normal(size=(2, 500))
    assert correlation(noise[0], noise[1]) == pytest.approx(np.corrcoef(noise)[0, 1])
