"""The edges of what a book stands at, has free, and may still use: by hand, to the unit."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.errors import DataUnavailable
from openoutcry.risk.exposure import Funds, funds, value_of
from openoutcry.risk.limits import BOUNDLESS, LimitUse, exposure_use, limit_amounts, position_use
from openoutcry.risk.standing import EMPTY, Standing, assets, remaining, standings
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import WorkingOrder
from tests.openoutcry.risk.books import (
    ETH,
    FREE,
    PERP,
    PRICES,
    SPOT,
    dec,
    holding,
    position,
    request,
    settings,
    working,
)

D = Decimal


def standing(
    net: Any, buys: Any = 0, sells: Any = 0, closing_buys: Any = 0, closing_sells: Any = 0
) -> Standing:
    return Standing(dec(net), dec(buys), dec(sells), dec(closing_buys), dec(closing_sells))


@pytest.mark.parametrize(
    ("held", "lowest", "highest", "worst"),
    [
        (standing(0), 0, 0, 0),
        (standing("0.5", closing_buys=2), "0.5", "0.5", "0.5"),  # what closes a short lifts no long
        (standing("-0.5", closing_sells=2), "-0.5", "-0.5", "0.5"),
        (standing(0, closing_buys=2, closing_sells=3), 0, 0, 0),
        (standing(5, closing_sells=2), 3, 5, 5),
        (standing("0.5", closing_sells="0.2"), "0.3", "0.5", "0.5"),
        (standing(5, closing_sells=9), 0, 5, 5),  # to zero, never past it
        (standing(-5, closing_buys=2), -5, -3, 5),
        (standing(-5, closing_buys=9), -5, 0, 5),
        (standing("0.5", sells=3), "-2.5", "0.5", "2.5"),
        (standing("-0.5", buys=3), "-0.5", "2.5", "2.5"),
        (standing(5, buys=1, sells=20, closing_sells=9), -20, 6, 20),
        (standing(-5, buys=20, sells=1, closing_buys=9), -6, 20, 20),
    ],
)  # fmt: skip
def test_what_open_orders_could_still_make_of_a_position(
    held: Standing, lowest: Any, highest: Any, worst: Any
) -> None:
    assert (held.lowest, held.highest, held.worst) == (dec(lowest), dec(highest), dec(worst))


def test_orders_are_open_on_their_side_whether_they_close_or_not() -> None:
    held = EMPTY
    for side, quantity, closes in (
        ("BUY", 1, False),
        ("BUY", 2, True),
        ("SELL", 4, False),
        ("SELL", 8, True),
    ) * 2:
        held = held.plus(request("manual-1", SPOT, side, quantity, reduce_only=closes), D(quantity))
    assert held == Standing(D(0), buys=D(2), sells=D(8), closing_buys=D(4), closing_sells=D(16))
    assert (held.open_on("BUY"), held.open_on("SELL")) == (6, 24)


def test_a_symbol_stands_at_its_positions_and_the_rest_of_its_orders() -> None:
    book = holding(position(PERP, "SHORT", 3), position(PERP, "LONG", 1, role="hedge"))
    order = working(request("manual-1", PERP, "SELL", 5), executed=2)
    assert standings(book, [order, order]) == {PERP: Standing(D(-2), sells=D(6))}
    assert remaining(order) == 3 and remaining(working(request("manual-1", PERP, "SELL", 5), executed=9)) == 0


def test_an_asset_counts_as_long_as_anything_could_come_of_it() -> None:
    held = {SPOT: standing("0.5"), PERP: standing(1), ETH: standing(0, closing_buys=1)}
    assert assets(held) == {"BTC"}
    assert assets({**held, ETH: standing(0, sells="0.00001")}) == {"BTC", "ETH"}


def money(book: Portfolio, *orders: WorkingOrder, **told: Any) -> Funds:
    return funds(book, orders, standings(book, orders), PRICES, settings(**told))


def test_cash_is_free_when_nothing_has_a_claim_on_it() -> None:
    """A fifth of a perpetual is its margin; an order to buy spot claims its worth, one of a perpetual or to sell none; what
    only reduces claims nothing, whatever comes after it.
    """
    costly = {"venue": FREE, "risk": {"perp_margin": 0.2, "cash_buffer": 0.01}}
    closes = working(request("manual-1", SPOT, "SELL", 1, reduce_only=True))
    sells, short = (
        working(request("manual-2", SPOT, "SELL", 2)),
        working(request("manual-3", PERP, "SELL", 5)),
    )
    buys = working(request("manual-4", ETH, "BUY", 30))
    book = holding(position(SPOT, "LONG", 10))
    assert money(book, closes, **costly) == Funds(D(10_000), D(9_000), D(0), D(0), D(0))
    assert money(book, closes, sells, **costly) == Funds(D(10_000), D(8_998), D(2), D(0), D(0))
    assert money(book, closes, short, **costly) == Funds(D(10_000), D(8_895), D(5), D(0), D(0))
    assert money(book, closes, buys, **costly) == Funds(D(10_000), D(8_697), D(3), D(0), D(0))


def test_nothing_needs_no_price_and_less_than_one_does() -> None:
    assert value_of(D(0), {}, SPOT) == 0 and value_of(D("-0.5"), PRICES, SPOT) == -50
    for quantity in ("0.5", "-0.5", "1"):
        with pytest.raises(DataUnavailable, match=f"{SPOT}: no price"):
            value_of(D(quantity), {}, SPOT)


def with_equity(equity: Any) -> Funds:
    return Funds(dec(equity), D(0), D(0), D(0), D(0))


@pytest.mark.parametrize(
    ("value", "equity", "share"),
    [(0, 0, 0), (0, -5, 0), (1, 4, "0.25"), ("0.5", 1, "0.5"), (1, "0.5", 2), (1, 0, BOUNDLESS), ("0.5", -5, BOUNDLESS)],
)  # fmt: skip
def test_a_share_of_no_equity_is_beyond_every_limit_and_nothing_is_nothing(
    value: Any, equity: Any, share: Any
) -> None:
    for use in (position_use, exposure_use):
        found = use(dec(value), with_equity(equity), settings())
        assert found.value == dec(share) and found.breached is (found.value > found.limit)


@pytest.mark.parametrize(
    ("rule", "at_the_limit"),
    [
        ("max_daily_loss", True),
        ("max_drawdown", True),
        ("max_position_size", False),
        ("max_positions", False),
    ],
)
def test_a_loss_ends_entries_at_its_limit_and_a_size_beyond_it(rule: str, at_the_limit: bool) -> None:
    assert LimitUse(rule, D("0.2"), D("0.2")).breached is at_the_limit
    assert LimitUse(rule, D("0.21"), D("0.2")).breached and not LimitUse(rule, D("0.19"), D("0.2")).breached


def test_a_drawdown_is_measured_from_the_highest_equity_now_or_then() -> None:
    for peak, told in ((8_000, 1_500), (20_000, 3_000)):
        book = holding(peak_equity=D(peak))
        assert limit_amounts(book, funds(book, (), {}, PRICES, settings()), settings()).drawdown == told
