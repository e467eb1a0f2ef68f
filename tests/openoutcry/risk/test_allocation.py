"""Exposure by asset, and the positions as the API tells them."""

from decimal import Decimal

import pytest

from openoutcry.errors import DataUnavailable
from openoutcry.risk.allocation import allocation, lines, short_name
from openoutcry.settings import RiskSettings
from tests.openoutcry.risk.books import ETH, PERP, PRICES, SPOT, dec, holding, position


def test_the_seeds_example() -> None:
    """A quarter in BTC and 15 % in ETH."""
    book = holding(position(SPOT, "LONG", 25), position(ETH, "LONG", 150, 10))
    found = allocation(book, PRICES)
    assert found is not None
    assert (found.by_asset, found.total) == ({"BTC": 0.25, "ETH": 0.15}, pytest.approx(0.4))


def test_a_hedge_takes_exposure_away_and_a_short_adds_to_the_total() -> None:
    hedged = holding(position(SPOT, "LONG", 25), position(PERP, "SHORT", 25, role="hedge"))
    assert allocation(hedged, PRICES).by_asset == {"BTC": 0.0}
    short = holding(position(PERP, "SHORT", 20), position(ETH, "LONG", 100, 10))
    found = allocation(short, PRICES)
    assert (found.by_asset, found.total) == ({"BTC": -0.2, "ETH": 0.1}, pytest.approx(0.3))


def test_nothing_held_no_equity_no_price() -> None:
    assert allocation(holding(), PRICES).by_asset == {}
    assert allocation(holding(cash=Decimal(0)), PRICES) is None
    with pytest.raises(DataUnavailable, match=SPOT):
        allocation(holding(position(SPOT, "LONG", 1)), {})


def test_one_line_a_symbol() -> None:
    """0.5 at 50,000 and 0.5 at 60,000, against a hedge of 0.5 and a manual short of 0.25."""
    book = holding(
        position(SPOT, "LONG", "0.5", 50_000),
        position(SPOT, "LONG", "0.5", 60_000, role="manual"),
        position(PERP, "SHORT", "0.5", 50_000, role="hedge"),
        position(PERP, "SHORT", "0.25", 56_000, role="manual"),
        capital=200_000,
    )
    prices = {SPOT: Decimal(58_000), PERP: Decimal(58_100)}
    (spot,), (perp,) = lines(book, prices, RiskSettings(perp_margin=0.5))
    assert (spot.symbol, spot.quantity, spot.value, spot.average_entry, spot.leverage) == (
        SPOT,
        1,
        58_000,
        55_000,
        1.0,
    )
    assert (perp.symbol, perp.quantity, perp.value, perp.average_entry, perp.leverage) == (
        PERP,
        dec("-0.75"),
        dec("-43575"),
        52_000,
        2.0,
    )
    assert [short_name(line.symbol) for line in (spot, perp)] == ["BTC", "BTC-PERP"]


def test_positions_that_cancel_out_have_no_line() -> None:
    book = holding(position(PERP, "SHORT", 1, role="hedge"), position(PERP, "LONG", 1, role="manual"))
    assert lines(book, PRICES, RiskSettings()) == ((), ())
