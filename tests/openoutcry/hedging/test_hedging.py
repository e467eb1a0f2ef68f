"""Exposures, costs, target and adjustments of hedges."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.errors import DataUnavailable
from openoutcry.hedging.analysis import HedgeAnalysis, Wish, analyse
from openoutcry.hedging.costs import CarryCost, basis_pct, carry_cost
from openoutcry.hedging.exposures import exposures
from openoutcry.hedging.target import hedge_target
from openoutcry.settings import HedgingSettings
from tests.openoutcry.risk.books import ETH, PERP, PRICES, SPOT, holding, position


def hedged(short: Any, spot: Any = 10) -> Any:
    """A book of 10 BTC and a hedge, seen as exposures."""
    held = [position(SPOT, "LONG", spot)] if spot else []
    if short:
        held.append(position(PERP, "SHORT", short, role="hedge"))
    return exposures(holding(*held), PRICES)


def test_spot_and_perpetual_of_an_asset_stand_side_by_side() -> None:
    book = holding(
        position(SPOT, "LONG", 10), position(PERP, "SHORT", 8, role="hedge"), position(ETH, "LONG", 5, 10)
    )
    btc, eth = exposures(book, {**PRICES, PERP: Decimal(110)})
    assert (btc.asset, btc.spot_quantity, btc.perp_quantity, btc.hedge_quantity) == ("BTC", 10, -8, 8)
    assert (btc.spot_value, btc.perp_value, btc.net, btc.hedge_ratio) == (1000, -880, 120, 0.88)
    assert (eth.asset, eth.net, eth.hedge_ratio) == ("ETH", 50, 0.0)


def test_the_seeds_example_is_fully_hedged() -> None:
    prices = {SPOT: Decimal(50_000), PERP: Decimal(50_000)}
    held = holding(
        position(SPOT, "LONG", "0.5", 50_000),
        position(PERP, "SHORT", "0.5", 50_000, role="hedge"),
        capital=100_000,
    )
    (btc,) = exposures(held, prices)
    assert (btc.spot_value, btc.perp_value, btc.net, btc.hedge_ratio) == (25_000, -25_000, 0, 1.0)


def test_a_position_without_a_price_is_not_guessed() -> None:
    with pytest.raises(DataUnavailable, match=PERP):
        exposures(holding(position(PERP, "SHORT", 1)), {SPOT: Decimal(100)})


def analysed(held: Any, target: float = 0.0, cost: CarryCost | None = None, **told: Any) -> HedgeAnalysis:
    """The analysis with one target for BTC."""
    wish = Wish({"BTC": target}, {} if cost is None else {"BTC": cost})
    return analyse(held, wish, HedgingSettings(**told))


@pytest.mark.parametrize(
    ("short", "target", "expected"),
    [
        (0, 0.05, None),  # 5 % of the spot: not worth it
        (0, 0.06, ("Increase short position by 0.6 BTC", "medium", "0.6")),
        (0, 0.10, ("Increase short position by 1 BTC", "medium", "1")),
        (0, 0.11, ("Increase short position by 1.1 BTC", "high", "1.1")),
        (8, 1.0, ("Increase short position by 2 BTC", "high", "2")),
        (8, 0.7, ("Decrease short position by 1 BTC", "medium", "-1")),
        (8, 0.0, ("Decrease short position by 8 BTC", "high", "-8")),
        (8, 0.8, None),
    ],
)
def test_adjustments(short: int, target: float, expected: Any) -> None:
    found = analysed(hedged(short), target)
    if expected is None:
        assert found.adjustments == ()
        assert found.commentary.endswith("No hedge adjustments needed.")
        return
    (made,) = found.adjustments
    assert (made.action, made.priority, made.quantity) == (expected[0], expected[1], Decimal(expected[2]))
    assert (
        found.commentary
        == f"Current portfolio is {short / 10:.0%} hedged. {expected[0]} ({expected[1]} priority)."
    )


def test_settings_bound_what_is_proposed() -> None:
    assert [a.quantity for a in analysed(hedged(0), 1.0, max_ratio=0.6).adjustments] == [6]
    assert analysed(hedged(8), 1.0, threshold=0.2).adjustments == ()
    assert analysed(hedged(0), 1.0, max_ratio=0.6).target_net_exposure == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("target", "burden", "priority"),
    [
        (1.0, 0.49, "high"),
        (1.0, 0.5, "medium"),
        (0.08, 0.2, "medium"),
        (0.08, 0.6, "low"),
        (0.0, 0.6, "high"),
    ],
)
def test_what_the_short_costs_lowers_the_priority_of_more_of_it(
    target: float, burden: float, priority: str
) -> None:
    """And never that of less of it (the last row buys back a short of 8)."""
    held = hedged(8 if target == 0.0 else 0)
    found = analysed(held, target, CarryCost(funding_daily=burden, basis=0.01))
    assert [a.priority for a in found.adjustments] == [priority]
    assert f"BTC: a short pays {burden:.3f} % a day in funding and is sold 0.010 % above the spot." in (
        found.commentary
    )


def test_the_seeds_commentary_and_exposures() -> None:
    """80 % hedged: a fifth of the spot is still at risk."""
    found = analysed(hedged(8), 1.0, CarryCost(None, -0.2))
    assert (found.current_net_exposure, found.target_net_exposure) == (pytest.approx(0.2), 0.0)
    assert found.commentary.startswith("Current portfolio is 80% hedged.")
    assert found.commentary.endswith("BTC: funding is unknown and is sold 0.200 % below the spot.")
    assert analysed(()).current_net_exposure is None


def test_net_exposure_now_and_wanted() -> None:
    found = analysed(hedged(8), 0.5)
    assert (found.current_net, found.target_net, found.hedge_ratio) == (200, 500, 0.8)


def test_a_hedge_is_counted_in_base_units_whatever_the_basis() -> None:
    held = holding(position(SPOT, "LONG", 10), position(PERP, "SHORT", 10, role="hedge"))
    apart = exposures(held, {**PRICES, PERP: Decimal(120)})
    found = analysed(apart, 1.0)
    assert (found.adjustments, found.hedge_ratio) == ((), 1.2)


@pytest.mark.parametrize("role", ["manual", "trade"])
def test_any_short_counts_and_only_a_hedge_is_bought_back(role: str) -> None:
    book = holding(position(SPOT, "LONG", 10), position(PERP, "SHORT", 8, role=role))
    held = exposures(book, PRICES)
    assert [a.quantity for a in analysed(held, 1.0).adjustments] == [2]
    assert analysed(held, 0.0).adjustments == ()
    assert "8 BTC of the short is a position of its own and stays." in analysed(held, 0.0).commentary
    both = holding(
        position(SPOT, "LONG", 10),
        position(PERP, "SHORT", 8, role=role),
        position(PERP, "SHORT", 5, role="hedge"),
    )
    assert [a.quantity for a in analysed(exposures(both, PRICES), 1.0).adjustments] == [-3]
    assert [a.quantity for a in analysed(exposures(both, PRICES), 0.5).adjustments] == [-5]


def test_a_hedge_without_spot_is_closed_and_a_directional_short_is_not() -> None:
    orphan = analysed(hedged(4, spot=0))
    assert [(a.action, a.priority, a.quantity) for a in orphan.adjustments] == [
        ("Close short position of 4 BTC", "high", -4)
    ]
    assert orphan.commentary.startswith("There is no spot position left to hedge.")
    directional = exposures(holding(position(PERP, "SHORT", 4)), PRICES)
    assert analysed(directional, 1.0).adjustments == ()
    assert analysed(()).commentary == "There is no spot position to hedge."


@pytest.mark.parametrize(
    ("rate", "spot", "perp", "funding", "basis", "burden"),
    [
        (0.0001, 100, 100.1, -0.03, 0.1, 0.0),  # longs pay, sold at a premium: income
        (-0.0005, 100, 100, 0.15, 0.0, 0.15),
        (-0.0005, 100, 99.8, 0.15, -0.2, 0.35),
        (None, 100, 99.9, None, -0.1, 0.1),
    ],
)
def test_carry_cost(rate: Any, spot: float, perp: float, funding: Any, basis: float, burden: float) -> None:
    cost = carry_cost(rate, basis_pct(spot, perp))
    assert cost.funding_daily == (None if funding is None else pytest.approx(funding))
    assert (cost.basis, cost.burden) == (pytest.approx(basis), pytest.approx(burden))


@pytest.mark.parametrize(
    ("volatility", "depth", "burden", "held", "most", "ratio"),
    [
        (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        (2.0, 4.0, 0.0, 0.0, 1.0, 1.0),
        (2.0, -3.0, 0.0, 0.0, 1.0, 0.5),  # wild but rising
        (1.5, 2.0, 0.0, 0.0, 1.0, 0.5),
        (1.2, 0.4, 0.0, 0.0, 1.0, 0.0),  # 0.15: too small
        (2.0, 4.0, 0.275, 0.0, 1.0, 0.5),  # half of the need is eaten by cost
        (2.0, 4.0, 0.5, 0.0, 1.0, 0.0),
        (1.5, 2.0, 0.0, 0.58, 1.0, 0.58),  # near enough: left as it is
        (1.5, 2.0, 0.0, 0.65, 1.0, 0.65),
        (1.5, 2.0, 0.0, 0.66, 1.0, 0.5),
        (1.3, 0.4, 0.0, 0.0, 1.0, 0.2),  # nothing is held: nothing to leave as it is
        (2.0, 4.0, 0.0, 0.0, 0.6, 0.6),
        (9.0, 99.0, 0.0, 2.0, 1.0, 1.0),  # over-hedged: down to the most
    ],
)
def test_target(
    volatility: float, depth: float, burden: float, held: float, most: float, ratio: float
) -> None:
    found = hedge_target(
        volatility_ratio=volatility, depth_atr=depth, burden_pct=burden, held=held, most=most
    )
    assert found.ratio == pytest.approx(ratio)
