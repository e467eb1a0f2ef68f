"""Levels and sizes against figures worked out by hand."""

from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from openoutcry.risk.instruments import instrument_at
from openoutcry.risk.levels import Levels, levels
from openoutcry.settings import RiskSettings, VenueSettings
from openoutcry.sim.filters import violation
from openoutcry.sim.rules import rules_of
from tests.openoutcry.risk.books import (
    ETH,
    FREE,
    PERP,
    SPOT,
    dec,
    holding,
    position,
    request,
    settings,
    working,
)
from tests.openoutcry.risk.scenes import plan, snapshot

RISK = RiskSettings()
TICK = Decimal("0.01")
COSTLESS = settings(venue=FREE, risk={"cash_buffer": 0})


@pytest.mark.parametrize(
    ("side", "wanted", "stop", "target"),
    [
        ("LONG", (None, None), "98", "105"),
        ("SHORT", (None, None), "102", "95"),
        ("LONG", ("97.123", "109.999"), "97.12", "110"),
        ("SHORT", ("103", "90"), "103", "90"),
        ("LONG", ("101", "99"), "98", "105"),  # both on the wrong side
        ("SHORT", ("99", "101"), "102", "95"),
        ("LONG", ("99.999", None), "98", "105"),  # rounds onto the price itself
    ],
)
def test_levels(side: Any, wanted: tuple[Any, Any], stop: str, target: str) -> None:
    asked = [None if w is None else dec(w) for w in wanted]
    found = levels(side, Decimal(100), TICK, RISK, stop_loss=asked[0], take_profit=asked[1])
    assert found == Levels(dec(stop), dec(target))


def test_a_short_target_beyond_zero_ends_one_tick_above() -> None:
    far = RiskSettings(default_take_profit=2.0)
    assert levels("SHORT", Decimal(100), TICK, far) == Levels(Decimal(102), TICK)


def test_no_levels_on_too_coarse_a_tick() -> None:
    assert levels("LONG", Decimal("0.02"), TICK, RISK) is None


@given(
    price=st.decimals("0.01", "100000", places=4),
    side=st.sampled_from(["LONG", "SHORT"]),
    move=st.decimals("0.5", "1.9", places=3),
)
def test_levels_fit_the_paper_venue(price: Decimal, side: Any, move: Decimal) -> None:
    """Whatever the price, protection is on the right side, and the venue's price filter takes it."""
    venue = VenueSettings()
    tick = instrument_at(SPOT, venue, price).price_tick
    found = levels(side, price, tick, RISK, take_profit=price * move)
    if found is None:
        assert price < 50 * tick
        return
    below, above = (
        (found.stop_loss, found.take_profit) if side == "LONG" else (found.take_profit, found.stop_loss)
    )
    assert 0 < below < price < above
    for level in (below, above):
        order = request("stop_loss", SPOT, "SELL", 1000, "STOP_LOSS", stop_price=level, reduce_only=True)
        assert violation(rules_of(venue, seed=0, timeframe="1h"), order, price) is None


@pytest.mark.parametrize(
    ("over", "told", "quantity", "bound"),
    [
        # 1 % of 10,000 over a distance of 2 is 50 BTC; a fifth of 10,000 is 20 BTC
        ({}, COSTLESS, "20", "max_position_size"),
        # at a confidence of 0.5: three quarters
        ({"confidence": 0.5}, COSTLESS, "15", "max_position_size"),
        ({"confidence": 0.0}, COSTLESS, "10", "max_position_size"),
        ({"size_factor": 0.25}, COSTLESS, "5", "max_position_size"),
        # a stop 10 away: 100 / 10 = 10 BTC
        ({"stop_loss": Decimal(90)}, COSTLESS, "10", "risk_per_trade"),
        (
            {"stop_loss": Decimal(90), "size_factor": 0.5, "confidence": 0.5},
            COSTLESS,
            "3.75",
            "risk_per_trade",
        ),
        # with costs of 0.615 %: 2000 / (1 + 0.2 x 0.00615) = 1997.543...
        ({}, settings(), "19.97543", "max_position_size"),
        (
            {},
            settings(venue=FREE, risk={"cash_buffer": 0, "max_order_notional": 700}),
            "7",
            "max_order_notional",
        ),
        (
            {},
            settings(venue=FREE, risk={"cash_buffer": 0, "max_gross_exposure": 0.1}),
            "10",
            "max_gross_exposure",
        ),
    ],
)
def test_the_entry_quantity(over: dict[str, Any], told: Any, quantity: str, bound: str) -> None:
    made = plan("LONG", told=told, **over)
    (entry,) = made.orders
    assert entry.quantity == dec(quantity)
    assert entry.reason.endswith(f"sized by {bound}")


def test_cash_binds_with_its_costs_and_its_claims() -> None:
    """Of 1,000, an open short of 5 claims 500 as margin and 2.825 for its costs: 497.175 left, at 1.00615
    each.
    """
    told = settings(risk={"max_position_size": 1.0, "max_gross_exposure": 2.0, "risk_per_trade": 1.0})
    waiting = (working(request("manual-1", PERP, "SELL", 5, "LIMIT", price=Decimal(100))),)
    made = plan("LONG", holding(capital=1000), waiting, told)
    assert made.orders[0].quantity == dec("4.94136")
    assert made.orders[0].reason.endswith("sized by cash")


def test_what_is_held_without_a_price_allows_no_entry() -> None:
    made = plan("LONG", holding(position(ETH, "LONG", 100, 10)))
    assert made.notes == (f"no entry: {ETH}: no price to value an open position at",)


def test_a_short_needs_its_margin_only() -> None:
    told = settings(
        risk={"max_position_size": 1.0, "max_gross_exposure": 2.0, "perp_margin": 0.1, "risk_per_trade": 1.0}
    )
    made = plan("SHORT", holding(capital=1000), told=told)
    (entry,) = made.orders
    assert (entry.symbol, entry.side) == (PERP, "SELL")
    assert entry.quantity == dec("9.94381")  # 1000 / (1 + 0.00565) / 100: the position limit, not cash


@pytest.mark.parametrize(
    ("over", "told", "note"),
    [
        ({"size_factor": 0.0}, None, "no entry: the risk voice allows no size"),
        ({}, settings(risk={"max_position_size": 0}), "no entry: no room under max_position_size"),
        (
            {"size_factor": 0.001},
            None,
            "no entry: max_position_size leaves less than the venue's least order of 5",
        ),
        ({"entries_blocked": "vetoed by risk"}, None, "no entry: vetoed by risk"),
        ({"seen": snapshot(price=None)}, None, "no entry: no usable price"),
        ({"portfolio": holding(position(PERP, "SHORT", 1, role="hedge")), "seen": snapshot(perp=None)}, None,
         f"no entry: {PERP}: no price to value an open position at"),
    ],
)  # fmt: skip
def test_no_entry_says_why(over: dict[str, Any], told: Any, note: str) -> None:
    made = plan("LONG", told=told, **over)
    assert note in made.notes
    assert not [o for o in made.orders if o.leg == "entry"]
