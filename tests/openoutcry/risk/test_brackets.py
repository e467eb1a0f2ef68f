"""What of which entry is bare of its stop, what a bracket lets out, and where a stop that trails belongs."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.risk.brackets import EXIT, STOP, TARGET, covered, mending, permits
from openoutcry.risk.flattening import closing
from openoutcry.risk.trailing import STEP, trailed
from openoutcry.types.orders import Bracket, OrderRequest, OrderState

STEP_OF_VENUE = D("0.001")
Told = tuple[OrderRequest, OrderState]


def told(
    seq: int, leg: str, side: str, quantity: str, executed: str = "", status: str = "FILLED", **more: object
) -> Told:
    base = {"leg": leg, "symbol": "BTC/USDT", "side": side, "type": "MARKET", "quantity": quantity, **more}
    state = OrderState(order_seq=seq, leg=leg, status=status, executed_quantity=D(executed or quantity))  # type: ignore[arg-type]
    return OrderRequest.model_validate(base), state


def stop(seq: int, quantity: str, leg: str = "stop_loss", price: str = "95") -> Told:
    return told(seq, leg, "SELL", quantity, "0", "NEW", type="STOP_LOSS", stop_price=price, reduce_only=True)


ENTRY, MANUAL = told(1, "entry", "BUY", "1"), told(2, "manual-9", "BUY", "0.5")
BOTH = {(1, "entry"), (2, "manual-9")}


def bare(key: tuple[int, str], net: str, *orders: Told, bracketed: set[tuple[int, str]] = BOTH) -> D:
    found = covered(key, D(net), orders, STEP_OF_VENUE, bracketed)
    assert found is not None
    return found.bare


def test_stops_cover_the_oldest_entry_first_and_the_younger_is_bare() -> None:
    orders = [ENTRY, MANUAL, stop(1, "1")]
    assert (bare((1, "entry"), "1.5", *orders), bare((2, "manual-9"), "1.5", *orders)) == (0, D("0.5"))
    orders.append(stop(2, "0.5", "stop_loss-1"))
    assert (bare((1, "entry"), "1.5", *orders), bare((2, "manual-9"), "1.5", *orders)) == (0, 0)


def test_what_is_closed_is_taken_from_the_oldest_entry() -> None:
    sold = told(3, "exit", "SELL", "0.6", reduce_only=True)
    orders = (ENTRY, MANUAL, sold)
    assert (bare((1, "entry"), "0.9", *orders), bare((2, "manual-9"), "0.9", *orders)) == (D("0.4"), D("0.5"))


@pytest.mark.parametrize("kind", [STOP, TARGET, EXIT])
def test_a_guard_closes_its_own_entry_and_not_what_a_person_holds_beside_it(kind: str) -> None:
    by_hand, entry = told(1, "manual-9", "BUY", "1"), told(2, "entry", "BUY", "0.5")
    orders = (by_hand, entry, told(2, f"{kind}-1", "SELL", "0.5", reduce_only=True))
    assert bare((2, "entry"), "1", *orders, bracketed={(2, "entry")}) == 0
    assert bare((1, "manual-9"), "1", *orders, bracketed={(1, "manual-9")}) == 1
    more = told(2, f"{kind}-2", "SELL", "0.25", reduce_only=True)  # than was left of its own
    assert bare((1, "manual-9"), "0.75", *orders, more, bracketed={(1, "manual-9")}) == D("0.75")


def test_a_fee_taken_in_base_is_never_protected() -> None:
    assert bare((1, "entry"), "0.9995", ENTRY, bracketed={(1, "entry")}) == D("0.999")


def test_an_order_without_a_bracket_is_nobodys_to_protect() -> None:
    orders = (ENTRY, MANUAL, stop(2, "0.5", "stop_loss-1"))
    assert bare((2, "manual-9"), "1.5", *orders, bracketed={(2, "manual-9")}) == 0
    assert covered((7, "entry"), D(1), orders, STEP_OF_VENUE) is None


def test_i7_the_stop_of_an_entry_that_is_not_looked_at_any_more_covers_no_newer_one() -> None:
    orders = (ENTRY, MANUAL, stop(1, "1"))
    assert bare((2, "manual-9"), "1.5", *orders, bracketed={(2, "manual-9")}) == D("0.5")
    # what is left of the old entry needs no more than itself: the rest of its stop is free
    assert bare((2, "manual-9"), "0.7", *orders, bracketed={(2, "manual-9")}) == 0


def test_a_bracket_lets_out_its_own_prices_and_closer_ones_only_when_it_trails() -> None:
    entry, _ = ENTRY
    fixed, trails = (Bracket(stop_loss=D(95), take_profit=D(110), trail=t) for t in (None, 0.02))
    for kind in (STOP, TARGET, EXIT):
        assert permits(entry, fixed, D(1), mending(entry, fixed, kind, 1, 1, D(1)))
        assert not permits(entry, fixed, D("0.9"), mending(entry, fixed, kind, 1, 1, D(1)))
    nearer, further = (mending(entry, trails, STOP, 1, 1, D(1), D(price)) for price in (97, 94))
    assert permits(entry, trails, D(1), nearer) and not permits(entry, fixed, D(1), nearer)
    assert not permits(entry, trails, D(1), further)
    for change in ({"side": "BUY"}, {"symbol": "ETH/USDT"}, {"reduce_only": False}, {"leg": "entry"}):
        assert not permits(entry, trails, D(1), nearer.model_copy(update=change))


@given(
    st.sampled_from(["BUY", "SELL"]),
    st.lists(st.decimals(min_value=50, max_value=200, places=2), min_size=1, max_size=40),
    st.floats(min_value=0.001, max_value=0.5),
)
def test_a_trailing_stop_only_ever_comes_closer_and_not_by_crumbs(
    side: str, prices: list[D], trail: float
) -> None:
    start = at = D("0.01") if side == "BUY" else D(10_000)
    best = prices[0]
    for price in prices:
        best = max(best, price) if side == "BUY" else min(best, price)
        wanted = trailed(side, at, price, trail, D("0.01"))  # type: ignore[arg-type]
        if wanted is not None:
            assert (wanted > at) if side == "BUY" else (wanted < at)
            assert abs(wanted - at) >= price * D(repr(trail)) * STEP
            at = wanted
    distance = best * D(repr(trail))
    if at != start:  # never further from the best price than its distance, a step and a tick
        assert abs(best - at) <= distance * (1 + STEP) + D("0.02")


@pytest.mark.parametrize(
    ("net", "orders", "wanted"),
    [
        ({"BTC/USDT": D("0.4996")}, [], [("SELL", D("0.499"))]),
        ({"BTC/USDT": D("-2")}, [], [("BUY", D(2))]),
        ({"BTC/USDT": D(1)}, [told(3, "exit", "SELL", "1", "0.25", "PARTIALLY_FILLED", reduce_only=True)], [("SELL", D("0.25"))]),
        ({"BTC/USDT": D("0.0004")}, [], []),
        ({"BTC/USDT": D(1)}, [told(3, "exit", "SELL", "1", "0", "NEW", reduce_only=True)], []),
    ],
)  # fmt: skip
def test_closing_an_account_by_its_own_word(
    net: dict[str, D], orders: list[Told], wanted: list[tuple[str, D]]
) -> None:
    made = closing(net, orders, steps={"BTC/USDT": STEP_OF_VENUE}, seq=4, reason="enough")
    assert [(one.side, one.quantity) for one in made] == wanted
    assert all(one.reduce_only and one.leg.startswith("halt_exit-") for one in made)
