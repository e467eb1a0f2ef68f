"""E15: units far below a cent, prices of eighteen digits, 0.1 + 0.2: the books close to the last unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.errors import BadAmount
from openoutcry.portfolio import opening
from openoutcry.types.amounts import parse_amount, plain
from tests.openoutcry.test_portfolio import book, fill

CAPITAL = Decimal("1000.3")
UNITS = st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-8))
PRICES = st.integers(1, 10**15).map(lambda n: Decimal(n).scaleb(-12))
FEES = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-8))


def test_e15_a_tenth_and_two_tenths_are_three_tenths() -> None:
    held, _ = book(
        opening("USDT", CAPITAL),
        fill("entry", "BUY", "0.1", "1", fee="0.1"),
        fill("entry", "BUY", "0.2", "1", fee="0.2", trade_id="T-2"),
    )
    assert (held.positions[0].quantity, held.fees_paid, held.cash) == (
        Decimal("0.3"),
        Decimal("0.3"),
        Decimal("999.7"),
    )


def test_e15_a_single_unit_at_a_price_of_eighteen_digits_is_neither_lost_nor_rounded_up() -> None:
    price, unit, fee = "0.000012345678901234", "0.00000001", "0.00000001"
    held, _ = book(opening("USDT", CAPITAL), fill("entry", "BUY", unit, price, fee=fee))
    flat, closed = book(held, fill("exit", "SELL", unit, price, fee=fee, trade_id="T-2"), seq=2)
    assert (held.positions[0].quantity, flat.positions) == (Decimal(unit), ())
    assert closed[0].quantity == 0 and flat.fees_paid == 2 * Decimal(fee)
    assert flat.cash == CAPITAL - 2 * Decimal(fee)


def test_e15_money_is_counted_in_units_of_ten_to_the_minus_eight_and_rounded_to_them_once() -> None:
    held, _ = book(
        opening("USDT", CAPITAL),
        fill("entry", "BUY", "0.1", "0.123456789012345678", fee="0.000000014999999999"),
    )
    assert (held.cash, held.fees_paid) == (
        CAPITAL - Decimal("0.01234568") - Decimal("0.00000001"),
        Decimal("0.00000001"),
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(UNITS, PRICES, PRICES, FEES), min_size=1, max_size=8))
def test_e15_what_comes_in_and_goes_out_differs_by_profit_and_fees_alone(
    trips: list[tuple[Decimal, ...]],
) -> None:
    portfolio, profit, fees = opening("USDT", Decimal(10) ** 12), Fraction(0), Fraction(0)
    start = portfolio.cash
    for number, (quantity, bought, sold, fee) in enumerate(trips):
        told = {"quantity": plain(quantity), "fee": plain(fee)}
        portfolio, _ = book(
            portfolio,
            fill("entry", "BUY", price=plain(bought), trade_id=f"T-{number}-1", **told),
            fill("exit", "SELL", price=plain(sold), trade_id=f"T-{number}-2", **told),
            seq=number + 1,
        )
        fees += 2 * Fraction(fee)
        profit = Fraction(portfolio.realized_pnl)
        assert portfolio.positions == ()
        assert Fraction(portfolio.cash) == Fraction(start) + profit - fees
        assert Fraction(portfolio.fees_paid) == fees


@pytest.mark.parametrize(
    "text", ["1e-8", "NaN", "Infinity", "0x10", "1_000", "١٢", "0." + "1" * 19, "1" * 19, " 1", ""]
)
def test_e15_what_is_no_plain_number_is_no_amount(text: str) -> None:
    with pytest.raises(BadAmount, match="size"):
        parse_amount(text, field="size")
