"""The books: tables for each rule, properties over random streams for conservation."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.episodes import Booking, cost_of
from openoutcry.errors import DataUnavailable, VenueError
from openoutcry.portfolio import apply, apply_all, mark, opening, roll_day
from openoutcry.types.amounts import cents
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.orders import Fill

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
T0 = datetime(2023, 1, 1, tzinfo=UTC)
D = Decimal


def fill(
    leg: str | None, side: str, quantity: str, price: str, *, symbol: str = SPOT, fee: str = "0", **more: Any
) -> Fill:
    base = {"trade_id": "T-1", "order_seq": 1, "leg": leg, "symbol": symbol, "side": side, "executed_at": T0}
    return Fill.model_validate(base | {"price": price, "quantity": quantity, "fee": fee} | more)


def book(portfolio: Portfolio, *fills: Fill, seq: int = 1) -> tuple[Portfolio, tuple[Position, ...]]:
    return apply_all(portfolio, [(f, Booking(seq=seq)) for f in fills])


@pytest.fixture
def cash() -> Portfolio:
    return opening("USDT", D(10_000))


def test_spot_buy_and_sell_move_cash_by_notional_and_fee(cash: Portfolio) -> None:
    held, closed = book(cash, fill("entry", "BUY", "0.1", "20000", fee="2"))
    assert (held.cash, closed) == (D(7998), ())
    position = held.positions[0]
    assert (position.side, position.role, position.entry_price, position.entry_reason) == (
        "LONG",
        "trade",
        D(20000),
        "SIGNAL",
    )
    flat, closed = book(held, fill("take_profit", "SELL", "0.1", "21000", fee="2.1"), seq=4)
    assert (flat.cash, flat.positions, flat.realized_pnl, flat.fees_paid) == (
        D("10095.9"),
        (),
        D(100),
        D("4.1"),
    )
    assert (flat.trades, flat.wins, flat.losses) == (1, 1, 0)
    done = closed[0]
    assert (done.exit_reason, done.exit_price, done.exit_quantity, done.closed_seq) == (
        "TAKE_PROFIT",
        D(21000),
        D("0.1"),
        4,
    )
    assert (done.realized_pnl, done.fees, done.quantity) == (D(100), D("4.1"), D(0))


def test_average_entry_partial_close_and_ordinals(cash: Portfolio) -> None:
    held, _ = book(cash, fill("entry", "BUY", "0.1", "20000"), fill("entry", "BUY", "0.1", "30000"))
    assert held.positions[0].entry_price == 25000
    held, closed = book(held, fill("exit", "SELL", "0.05", "30000"))
    assert (closed, held.positions[0].realized_pnl, held.positions[0].entry_quantity) == (
        (),
        D(250),
        D("0.2"),
    )
    held, closed = book(held, fill("exit", "SELL", "0.15", "20000"))
    assert [p.realized_pnl for p in closed] == [D(-500)] and (held.losses, held.next_ordinal) == (1, 2)
    again, _ = book(held, fill("entry", "BUY", "0.1", "20000"))
    assert again.positions[0].ordinal == 2


def test_an_average_without_a_short_form_still_gives_back_its_cost(cash: Portfolio) -> None:
    held, _ = book(cash, fill("entry", "BUY", "0.00001", "20000.01"), fill("entry", "BUY", "3", "1000.03"))
    assert cost_of(held.positions[0]) == cents(D("0.00001") * D("20000.01")) + 3 * D("1000.03")


def test_perpetual_moves_cash_by_profit_only_and_flips(cash: Portfolio) -> None:
    short, _ = book(cash, fill("entry", "SELL", "1", "20000", symbol=PERP, fee="10"))
    assert (short.cash, short.positions[0].side) == (D(9990), "SHORT")
    flipped, closed = book(short, fill("entry", "BUY", "1.5", "19000", symbol=PERP, fee="15"))
    assert (closed[0].realized_pnl, closed[0].fees) == (D(1000), D(20))
    assert (flipped.positions[0].side, flipped.positions[0].quantity, flipped.positions[0].fees) == (
        "LONG",
        D("0.5"),
        D(5),
    )
    assert flipped.cash == D(9990) + 1000 - 15


def test_hedge_and_directional_short_are_two_episodes_of_one_perpetual(cash: Portfolio) -> None:
    both, _ = book(
        cash,
        fill("entry", "SELL", "1", "20000", symbol=PERP),
        fill("hedge", "SELL", "0.5", "20000", symbol=PERP),
    )
    assert [(p.role, p.quantity) for p in both.positions] == [("trade", 1), ("hedge", D("0.5"))]
    after, closed = book(both, fill("hedge", "BUY", "0.5", "19000", symbol=PERP))
    assert [(p.role, p.exit_reason) for p in closed] == [("hedge", "HEDGE")] and after.positions[
        0
    ].quantity == 1


def test_manual_orders_reduce_what_faces_them_before_they_open(cash: Portfolio) -> None:
    long, _ = book(cash, fill("entry", "BUY", "0.2", "20000"))
    less, closed = book(long, fill("manual-1", "SELL", "0.05", "20000"))
    assert (closed, [(p.role, p.quantity) for p in less.positions]) == ((), [("trade", D("0.15"))])
    short, _ = book(cash, fill("entry", "SELL", "1", "20000", symbol=PERP))
    turned, closed = book(short, fill("manual-2", "BUY", "1.25", "20000", symbol=PERP))
    assert [p.exit_reason for p in closed] == ["MANUAL"]
    assert [(p.role, p.side, p.quantity) for p in turned.positions] == [("manual", "LONG", D("0.25"))]


def test_a_reason_code_wins_over_the_leg(cash: Portfolio) -> None:
    held, _ = book(cash, fill("entry", "BUY", "0.1", "20000"))
    _, closed = apply(
        held, fill("exit", "SELL", "0.1", "20000"), Booking(seq=2, reason="FLATTEN: kill switch")
    )
    assert closed[0].exit_reason == "FLATTEN"


def test_protection_is_kept_on_the_position(cash: Portfolio) -> None:
    held, _ = apply(
        cash, fill("entry", "BUY", "0.1", "20000"), Booking(seq=1, stop_loss=D(19000), take_profit=D(22000))
    )
    held, _ = apply(held, fill("entry", "BUY", "0.1", "20000"), Booking(seq=2, stop_loss=D(19500)))
    assert (held.positions[0].stop_loss, held.positions[0].take_profit) == (D(19500), D(22000))


@pytest.mark.parametrize(
    ("leg", "side", "symbol"), [("exit", "SELL", SPOT), ("entry", "SELL", SPOT), ("stop_loss", "BUY", PERP)]
)
def test_nothing_can_close_more_than_is_held(cash: Portfolio, leg: str, side: str, symbol: str) -> None:
    with pytest.raises(VenueError, match="more than is held"):
        book(cash, fill(leg, side, "0.1", "20000", symbol=symbol))


def test_funding_is_shared_by_signed_size_and_adds_up(cash: Portfolio) -> None:
    held, _ = book(
        cash,
        fill("hedge", "SELL", "1", "20000", symbol=PERP),
        fill("manual-1", "SELL", "2", "20000", symbol=PERP),
    )
    paid, closed = book(
        held, fill(None, "SELL", "0", "20000", symbol=PERP, fee="-1", kind="FUNDING", order_seq=None)
    )
    assert (closed, paid.cash, paid.fees_paid) == ((), D(10_001), D(-1))
    assert [p.fees for p in paid.positions] == [D("-0.33333333"), D("-0.66666667")]


def test_mark_values_spot_and_perpetual_and_needs_a_price(cash: Portfolio) -> None:
    held, _ = book(
        cash, fill("entry", "BUY", "0.1", "20000"), fill("hedge", "SELL", "0.05", "20000", symbol=PERP)
    )
    marked = mark(held, {SPOT: D(22000), PERP: D(22000)})
    assert (marked.equity, marked.gross, marked.net) == (D(10_100), D(3300), D(1100))
    assert dict(marked.unrealized) == {1: D(200), 2: D(-100)}
    assert marked.net_exposure == pytest.approx(1100 / 10_100)
    with pytest.raises(DataUnavailable, match="BTC/USDT:USDT"):
        mark(held, {SPOT: D(22000)})


def test_drawdown_and_the_day_roll(cash: Portfolio) -> None:
    day = roll_day(cash, T0, D(10_000))
    day = roll_day(day, T0 + timedelta(hours=5), D(12_000))
    assert (day.peak_equity, day.day, day.day_start_equity) == (D(12_000), "2023-01-01", D(10_000))
    assert mark(day, {}).drawdown == pytest.approx(1 / 6)
    assert roll_day(day, T0 + timedelta(days=1), D(11_000)).day_start_equity == 11_000


QUANTITIES = st.integers(1, 300_000).map(lambda n: D(n).scaleb(-5))
PRICES = st.integers(100, 9_000_000).map(lambda n: D(n).scaleb(-2))
FEES = st.integers(-(10**6), 10**9).map(lambda n: D(n).scaleb(-8))
LEGS = st.sampled_from(["entry", "exit", "stop_loss", "take_profit", "hedge", "manual-1", "flatten", None])
STEPS = st.tuples(
    LEGS, st.sampled_from(["BUY", "SELL"]), st.sampled_from([SPOT, PERP]), QUANTITIES, PRICES, FEES
)


def _held(portfolio: Portfolio, symbol: str) -> Decimal:
    return sum(
        (p.quantity if p.side == "LONG" else -p.quantity for p in portfolio.positions if p.symbol == symbol),
        D(0),
    )


def _cost(portfolio: Portfolio, symbol: str) -> Decimal:
    held = (p for p in portfolio.positions if p.symbol == symbol)
    return sum((cost_of(p) if p.side == "LONG" else -cost_of(p) for p in held), D(0))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_books_conserve_to_the_unit_over_random_streams(steps: list[tuple[Any, ...]]) -> None:
    portfolio = opening("USDT", D(1_000_000_000))
    market = {"USDT": D(0), SPOT: D(0), PERP: D(0)}
    fees = D(0)
    for number, (leg, side, symbol, quantity, price, fee) in enumerate(steps):
        funding = leg is None
        one = fill(
            leg, side, "0" if funding else str(quantity), str(price), symbol=symbol, fee=format(fee, "f"),
            kind="FUNDING" if funding else "TRADE", trade_id=f"T-{number}",
        )  # fmt: skip
        before = portfolio
        try:
            portfolio, closed = apply(portfolio, one, Booking(seq=number))
        except VenueError:
            assert portfolio == before
            continue
        sign = 1 if side == "BUY" else -1
        market[symbol] -= sign * one.quantity
        market["USDT"] += sign * cents(price * one.quantity)
        fees += fee
        assert all(p.quantity == 0 and p.exit_time for p in closed)
        keys = [(p.symbol, p.role, p.side) for p in portfolio.positions]
        assert len(set(keys)) == len(keys) and all(p.quantity > 0 for p in portfolio.positions)
        costs = {s: _cost(portfolio, s) for s in (SPOT, PERP)}
        assert {s: _held(portfolio, s) + market[s] for s in (SPOT, PERP)} == {SPOT: 0, PERP: 0}
        assert portfolio.cash - costs[PERP] + market["USDT"] + fees == portfolio.initial_capital
        assert (
            portfolio.cash
            == portfolio.initial_capital + portfolio.realized_pnl - portfolio.fees_paid - costs[SPOT]
        )
        assert Portfolio.model_validate_json(portfolio.model_dump_json()) == portfolio
