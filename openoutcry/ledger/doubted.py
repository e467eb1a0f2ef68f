"""An order of which the records know only that nobody knows. Its row says what the execution server has heard since.

A round writes UNKNOWN when no answer came. The execution server may have written the venue's word by then, or writes it a
moment later: that word stays (a row never goes back), and the next record that hears of the order says the same. Until it
does, the row is held to what such a word can be; from then on to the record.
"""

from collections.abc import Mapping
from typing import Any

from openoutcry.ledger.rows import OrderRow
from openoutcry.ledger.traded import ENDS
from openoutcry.order_states import RANK, UNHEARD

HEARD = frozenset(RANK) - UNHEARD
WORD = (
    *("status", "venue_order_id", "executed_quantity", "executed_quote_quantity", "error_message"),
    *("placed_at", *ENDS.values(), "updated_at"),
)
"""The columns that tell where an order stands; all others are what was asked."""


def heard_since(order: OrderRow, row: Mapping[str, Any]) -> OrderRow | None:
    """``order``, which is UNKNOWN by the records, with the venue's word of its stored ``row``; None when that can be none."""
    status, executed = row["status"], row["executed_quantity"]
    possible = (
        order.status == "UNKNOWN"
        and status in HEARD
        and 0 <= executed <= order.quantity
        and (status == "FILLED") == (executed == order.quantity)
        and (status != "REJECTED" or executed == 0)
        and all((row[at] is not None) == (status == end) for end, at in ENDS.items())
    )
    return order._replace(**{name: row[name] for name in WORD}) if possible else None
