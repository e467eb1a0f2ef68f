"""What became of hedges a person asked for, in the words and shape of the hedging API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openoutcry.hedging.analysis import NOTHING_NEEDED
from openoutcry.risk.allocation import short_name
from openoutcry.types.amounts import cents, plain
from openoutcry.types.orders import OrderStatus, Side, WorkingOrder


@dataclass(frozen=True, slots=True)
class Telling:
    """The messages of one of the two actions."""

    done: str
    nothing: str
    failed: str


EXECUTE = Telling(
    "Successfully executed hedge adjustments", NOTHING_NEEDED, "Failed to execute hedge adjustments"
)
CLOSE = Telling(
    "Successfully closed all hedge positions",
    "No hedge positions to close",
    "Failed to close hedge positions",
)


@dataclass(frozen=True, slots=True)
class HedgeOrder:
    """One order and where it stands. ``refusal`` is the gate's word; ``quote`` what the executed quantity was worth."""

    symbol: str
    side: Side
    quantity: Decimal
    status: OrderStatus
    executed: Decimal = Decimal(0)
    quote: Decimal = Decimal(0)
    refusal: Mapping[str, Any] | None = None
    error: str | None = None

    @classmethod
    def working_already(cls, order: WorkingOrder) -> "HedgeOrder":
        """One that an earlier round or command placed and that is not executed yet."""
        return cls(order.request.symbol, order.request.side, order.request.quantity, order.state.status)


def told(orders: Sequence[HedgeOrder], telling: Telling) -> dict[str, Any]:
    """The answer: ``executed_trades`` with exact amounts and mean prices as text, what was ``refused`` and by which
    rule, what is ``working`` still.

    ``status`` is completed, partial (some of it failed or still works) or refused (nothing was done).
    """
    trades = [
        {
            "asset": short_name(o.symbol),
            "side": o.side.lower(),
            "amount": plain(o.executed),
            "price": plain(cents(o.quote / o.executed)),
        }
        for o in orders
        if o.executed > 0
    ]
    refused = [_refusal(o) for o in orders if o.status == "REJECTED" and o.executed == 0]
    working = [_open(o) for o in orders if o.status not in ("FILLED", "REJECTED", "CANCELED", "EXPIRED")]
    done = not refused and not working
    return {
        "status": "completed" if done else "partial" if trades or working else "refused",
        "executed_trades": trades,
        "refused": refused,
        "working": working,
        "message": _message(trades, refused, working, telling),
    }


def _refusal(order: HedgeOrder) -> dict[str, Any]:
    said = order.refusal or {"rule": "venue", "message": order.error or "the venue rejected the order"}
    keys = ("rule", "value", "limit", "message")
    return {**_open(order), **{key: said[key] for key in keys if key in said}}


def _open(order: HedgeOrder) -> dict[str, Any]:
    return {
        "asset": short_name(order.symbol),
        "side": order.side.lower(),
        "amount": plain(order.quantity),
    }


def _message(
    trades: Sequence[object],
    refused: Sequence[Mapping[str, Any]],
    working: Sequence[object],
    telling: Telling,
) -> str:
    if refused:
        why = "; ".join(f"{r['asset']}: {r['message']}" for r in refused)
        return f"{telling.failed}: {why}"
    if working:
        return (
            f"{len(working)} hedge order{'s are' if len(working) > 1 else ' is'} still working at the venue"
        )
    return telling.done if trades else telling.nothing
