"""Limits, stress and concentration of a book, worked out by hand."""

from decimal import Decimal

import numpy as np
import pytest

from openoutcry.risk.concentration import concentration, correlation
from openoutcry.risk.limits import limit_uses
from openoutcry.risk.stress import SCENARIOS, Scenario, stress
from tests.openoutcry.risk.books import ETH, PERP, PRICES, SPOT, holding, position, request, settings, working

BOOK = holding(
    position(SPOT, "LONG", 10), position(PERP, "SHORT", 4, role="hedge"), position(ETH, "LONG", 60, 10)
)


def test_limits_with_what_uses_them() -> None:
    """Equity 10,000: BTC 1,000 and 400, ETH 600 held and 200 on order."""
    orders = (working(request("manual-1", ETH, "BUY", 20, "LIMIT", price=Decimal(9))),)
    uses = {use.rule: use for use in limit_uses(BOOK, orders, PRICES, settings())}
    assert {rule: (use.value, use.limit, use.breached) for rule, use in uses.items()} == {
        "max_position_size": (Decimal("0.1"), Decimal("0.2"), False),
        "max_gross_exposure": (Decimal("0.22"), 1, False),
        "max_positions": (2, 3, False),
        "max_daily_loss": (0, Decimal("0.05"), False),
        "max_drawdown": (0, Decimal("0.15"), False),
    }
    assert uses["max_position_size"].used == 0.5


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
    assert len(moves) == len(SCENARIOS)


def test_concentration_counts_an_assets_spot_and_perpetual_together() -> None:
    found = concentration(BOOK, PRICES)
    assert found.shares == {"BTC": 0.7, "ETH": 0.3}
    assert found.herfindahl == pytest.approx(0.58)
    assert found.effective_assets == pytest.approx(1 / 0.58)
    assert concentration(holding(), PRICES).shares == {}


def test_correlation() -> None:
    left = np.array([0.01, -0.02, 0.03, 0.00])
    assert correlation(left, left * 2 + 1) == pytest.approx(1.0)
    assert correlation(left, -left) == pytest.approx(-1.0)
    assert correlation(left, np.zeros(4)) is None
    assert correlation(left[:1], left[:1]) is None
    noise = np.random.default_rng(3).normal(size=(2, 500))
    assert correlation(noise[0], noise[1]) == pytest.approx(np.corrcoef(noise)[0, 1])
