"""One message on the wire: ``{type, timestamp, data, seq}``.

``seq`` numbers an org's events without gaps; messages that only one connection hears (``pong``, notices) repeat
the last number it was sent, so that any message's ``seq`` is a safe ``last_seq`` to resume from.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from api.encoding import encode
from api.shapes.base import tidy
from wire.clock import WallClock

NUMERIC = frozenset(
    {
        "entry_price", "exit_price", "quantity", "unrealized_pnl", "realized_pnl", "executed_quantity",
        "executed_quote_quantity", "price", "stop_price", "commission", "fee", "fees", "stop_loss", "take_profit",
        "equity", "cash",
    }
)  # fmt: skip
"""Fields the document shows as numbers; events keep money as plain strings."""


def frame(kind: str, at: datetime, data: Mapping[str, Any], seq: int) -> str:
    """The text of one message."""
    shaped = {key: _number(value) if key in NUMERIC else value for key, value in data.items()}
    return encode({"type": kind, "timestamp": at, "data": shaped, "seq": seq}).decode()


def notice(text: str, seq: int, **more: object) -> str:
    """What only one connection hears."""
    return frame("error", WallClock().now(), {"error": text, "severity": "low", **more}, seq)


def gone(first: int, last: int) -> str:
    """What cannot be told any more."""
    gap = {"code": "HISTORY_GONE", "from_seq": first, "to_seq": last}
    return notice(f"events {first} to {last} are no longer kept", last, **gap)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return tidy(number) if number.is_finite() else value
