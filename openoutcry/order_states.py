"""The life of an order: which word about it may follow which.

  INTENT → SENT → (UNKNOWN) → NEW → PARTIALLY_FILLED → FILLED | CANCELED | EXPIRED
                      └──────→ REJECTED

News of an order comes late, twice and out of order. ``moved`` takes what is new of it and nothing else: an order
never goes back, what was executed never shrinks, and an end is an end. (A fill that the venue voids is undone by
new entries, not by an order that lives again.)
"""

from collections.abc import Mapping

from openoutcry.types.orders import FINAL, OrderState, OrderStatus

RANK: Mapping[OrderStatus, int] = {
    "INTENT": 0, "SENT": 1, "UNKNOWN": 2, "NEW": 3, "PARTIALLY_FILLED": 4,
    "FILLED": 5, "CANCELED": 5, "EXPIRED": 5, "REJECTED": 5,
}  # fmt: skip
UNHEARD: frozenset[OrderStatus] = frozenset({"INTENT", "SENT", "UNKNOWN"})
"""Nobody has heard yet that the venue has the order: only from here can it be refused, or unknown."""
DUST = ("LOT_SIZE", "NOTIONAL", "Quantity less than")
"""How a venue says that an amount is too small to be sold at all."""


def follows(before: OrderStatus, after: OrderStatus) -> bool:
    """Whether ``after`` is news to somebody who knows ``before``."""
    if before in FINAL or before == after:
        return False
    if after in ("REJECTED", "UNKNOWN") and before not in UNHEARD:
        return False
    return RANK[after] > RANK[before]


def moved(before: OrderState, said: OrderState) -> OrderState:
    """What is known of an order after hearing ``said`` about it."""
    executed = max(before.executed_quantity, said.executed_quantity)
    if follows(before.status, said.status):
        quote = max(before.executed_quote, said.executed_quote)
        placed = said.placed_at or before.placed_at
        venue_id = said.venue_order_id or before.venue_order_id
        return said.model_copy(
            update={
                "executed_quantity": executed, "executed_quote": quote, "placed_at": placed, "venue_order_id": venue_id,
            }
        )  # fmt: skip
    if executed == before.executed_quantity:
        return before
    return before.model_copy(
        update={
            "executed_quantity": executed, "executed_quote": said.executed_quote, "updated_at": said.updated_at,
        }
    )  # fmt: skip


def too_small(state: OrderState) -> bool:
    """Whether an order was refused for its size: what is left is dust, and asking again is of no use."""
    return state.status == "REJECTED" and any(word in (state.error or "") for word in DUST)
