"""Order names, hashes and signs."""

import re
from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from openoutcry.orders import client_order_id, opposite, order_hash, signed, stem
from openoutcry.types.orders import Bracket, OrderRequest

SESSION = UUID("6b1c2f1e-4a43-5d4b-8a53-0d3a7c9a1f10")
VENUE_SAFE = re.compile(r"oo-[a-z2-7]{26}")


def request(**changes: object) -> OrderRequest:
    fields: dict[str, object] = {
        "leg": "entry",
        "symbol": "BTC/USDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.1",
    }
    return OrderRequest.model_validate(fields | changes)


def test_client_order_id_is_short_safe_and_pinned() -> None:
    made = client_order_id(SESSION, 7, "entry")
    assert VENUE_SAFE.fullmatch(made) and len(made) == 29
    assert made == client_order_id(str(SESSION).upper(), 7, "entry")
    assert made == "oo-6g7ogc4kacojh2r5uaeupojbgw"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 10**6), st.sampled_from(["entry", "exit", "hedge", "manual-1"])
        )
    )
)
def test_different_orders_have_different_ids(orders: list[tuple[int, int, str]]) -> None:
    ids = {client_order_id(uuid5(SESSION, str(session)), seq, leg) for session, seq, leg in orders}
    assert len(ids) == len(set(orders))


def test_order_hash_sees_every_field_and_not_the_spelling_of_a_number() -> None:
    base = order_hash(request())
    assert base == order_hash(request(quantity="0.10"))
    changes: list[dict[str, object]] = [
        {"leg": "exit"},
        {"symbol": "ETH/USDT"},
        {"side": "SELL"},
        {"quantity": "0.2"},
        {"type": "LIMIT", "price": "1"},
        {"time_in_force": "IOC"},
        {"reduce_only": True},
        {"oco_group": "g"},
        {"reason": "because"},
    ]
    assert len({base, *(order_hash(request(**change)) for change in changes)}) == len(changes) + 1


def test_sides_and_stems() -> None:
    assert (opposite("BUY"), opposite("SELL")) == ("SELL", "BUY")
    assert (signed("BUY", Decimal(2)), signed("SELL", Decimal(2))) == (Decimal(2), Decimal(-2))
    assert (stem("manual-3"), stem("stop_loss")) == ("manual", "stop_loss")


@pytest.mark.parametrize(
    ("trail", "good"), [(0.001, True), (0.5, True), (0.0009, False), (0.51, False), (None, True)]
)
def test_a_stop_trails_at_most_half_of_the_price_behind(trail: float | None, good: bool) -> None:
    fields = {"stop_loss": "95", "trail": trail}
    if good:
        assert Bracket.model_validate(fields).trail == trail
        return
    with pytest.raises(ValidationError, match="trail"):
        Bracket.model_validate(fields)
