"""Advice on a position's size: by hand, and against the gate."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.risk.advice import Advice, advise
from openoutcry.risk.gate import review
from openoutcry.risk.kelly import adaptive_kelly
from openoutcry.risk.sizing import Room
from openoutcry.settings import RiskSettings
from openoutcry.types.orders import Approved
from tests.openoutcry.risk.books import INSTRUMENTS, SPOT, dec, gate_input, request, settings

DAY = 86_400_000


def days(count: int = 40, reach: float = 4.0, price: float = 100.0) -> Candles:
    """Candles that close where they open, ``reach`` from low to high: ATR is the reach, volatility nothing."""
    close = np.full(count, price)
    stamps = DAY * np.arange(count)
    return Candles.of(stamps, close, close + reach / 2, close - reach / 2, close, np.ones(count))


def room(least: Any = 2_000) -> Room:
    return Room(dec(least), dec(10_000), dec(10_000), dec(1_000_000))


def advised(bars: Candles | None = None, **over: Any) -> Advice:
    known = {"equity": dec(10_000), "room": room(), "results": (), "risk": RiskSettings(), **over}
    return advise(INSTRUMENTS[SPOT], dec(100), days() if bars is None else bars, **known)


def test_by_hand() -> None:
    """ATR 4: stop 92, target 112. Without a record or volatility: Kelly 0.2 x 0.5 = 0.1, volatility 0.2 x 0.5 = 0.1."""
    found = advised()
    assert (found.stop_loss, found.take_profit, found.atr) == (92, 112, pytest.approx(4.0))
    assert (found.kelly.share, found.kelly.proven) == (pytest.approx(0.1), False)
    assert (found.recommended_size, found.bound, found.reason) == (10, "kelly", None)  # 10 % of 10,000 at 100
    assert (found.max_size, found.risk_per_trade) == (20, 100)


@pytest.mark.parametrize(
    ("over", "size", "bound"),
    [
        ({"bars": days(reach=10)}, "5", "risk_per_trade"),  # 100 may be lost, 20 a coin
        ({"room": room(500)}, "5", "max_position_size"),
        ({"strength": 0.0}, "0", "kelly"),
        ({"room": room(-5)}, "0", "max_position_size"),
        ({"room": room(4)}, "0", "max_position_size"),  # below the venue's least order
        ({"equity": dec(0), "room": room(0)}, "0", "kelly"),
    ],
)
def test_what_bounds_it(over: dict[str, Any], size: str, bound: str) -> None:
    found = advised(**over)
    assert (found.recommended_size, found.bound) == (dec(size), bound)
    assert (found.reason is None) == (found.recommended_size > 0)
    assert found.max_size >= 0


def test_a_stop_below_nothing_does_not_exist_and_the_whole_price_is_at_risk() -> None:
    found = advised(days(reach=60))
    assert (found.stop_loss, found.take_profit) == (None, 280)
    assert found.recommended_size == 1  # 100 of 10,000


def test_what_is_recommended_and_the_largest_pass_the_gate() -> None:
    from openoutcry.risk.exposure import funds
    from openoutcry.risk.sizing import room as room_in

    book, told = gate_input(), settings()
    free = room_in(SPOT, {}, funds(book.portfolio, (), {}, book.prices, told), book.prices, told)
    found = advised(room=free)
    for size in (found.recommended_size, found.max_size):
        assert isinstance(review(request("manual-1", SPOT, "BUY", size), book, told), Approved)
    above = found.max_size + INSTRUMENTS[SPOT].quantity_step
    assert review(request("manual-1", SPOT, "BUY", above), book, told).rule == "max_position_size"


def test_thirty_days_count_and_fewer_than_fifteen_do_not_do() -> None:
    wild = days(60, reach=50)
    calm = Candles(
        *[np.concatenate((w[:30], c[:30])) for w, c in zip(wild.arrays(), days().arrays(), strict=True)]
    )
    assert advised(calm).atr == pytest.approx(4.0)
    assert advised(days(15)).stop_loss == 92
    for count in (0, 1, 14):
        with pytest.raises(DataUnavailable, match="15 daily candles"):
            advised(days(count))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_bad_strength_is_named(strength: float) -> None:
    with pytest.raises(BadInput) as caught:
        advised(strength=strength)
    assert caught.value.field == "signal_strength"


@pytest.mark.parametrize("price", [1e-8, 1e-4, 1e8])
def test_tiny_and_huge_prices(price: float) -> None:
    bars = days(reach=price / 10, price=price)
    found = advise(
        INSTRUMENTS[SPOT].model_copy(update={"price_tick": Decimal(repr(price)) / 1000}),
        Decimal(repr(price)), bars, equity=dec(10_000), room=room(), results=(), risk=RiskSettings(),
    )  # fmt: skip
    assert found.stop_loss == pytest.approx(Decimal(repr(price)) * dec("0.8"))


@pytest.mark.parametrize(
    ("results", "daily", "annual", "returns", "share"),
    [
        ((), 0.02, 0.4, 30, (0.5 * 0.2 * 0.5 * 0.6 + 0.8 * 0.2 * 0.5) / 1.3),  # 0.01 / 0.02 is above 0.2
        ((), 0.10, 2.0, 30, (0.5 * 0.2 * 0.5 * 0.5 + 0.8 * 0.1 * 0.5) / 1.3),
        ((), 5.00, 9.0, 5, (0.5 * 0.05 + 0.5 * 0.005) / 1.0),
        ((2, -1) * 10, 0.10, 0.0, 30, (1.0 * 0.125 + 0.8 * 0.05) / 1.8),  # full Kelly 0.25, halved
        ((1, -1) * 10, 0.10, 0.0, 30, (1.0 * 0.0 + 0.8 * 0.05) / 1.8),
        ((1, -2) * 10, 0.10, 0.0, 30, (1.0 * 0.0 + 0.8 * 0.05) / 1.8),
        ((1,) * 20, 0.10, 0.0, 30, (1.0 * 0.2 + 0.8 * 0.05) / 1.8),  # nothing was ever lost: at most 0.2
        ((-1,) * 20, 0.10, 0.0, 30, (1.0 * 0.0 + 0.8 * 0.05) / 1.8),
        ((0,) * 20, 0.10, 0.0, 30, (1.0 * 0.0 + 0.8 * 0.05) / 1.8),
        ((1,) * 19, 0.10, 0.0, 30, (0.5 * 0.1 + 0.8 * 0.05) / 1.3),  # too short a record to believe
        ((-9,) * 50 + (2, -1) * 50, 0.10, 0.0, 30, (1.0 * 0.125 + 0.8 * 0.05) / 1.8),  # the last hundred
    ],
)
def test_adaptive_kelly(
    results: tuple[float, ...], daily: float, annual: float, returns: int, share: float
) -> None:
    found = adaptive_kelly(results, daily_volatility=daily, annual_volatility=annual, returns=returns)
    assert found.share == pytest.approx(share)
    assert 0 <= found.share <= 0.2
