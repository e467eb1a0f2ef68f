"""How executed and refused hedges are told, in the shape of the hedging API."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.hedging.execution import CLOSE, EXECUTE, HedgeOrder, Telling, told
from tests.openoutcry.risk.books import ETH, PERP

SOLD = HedgeOrder(PERP, "SELL", Decimal("0.10"), "FILLED", Decimal("0.10"), Decimal("5000.0"))
BOUGHT = HedgeOrder(PERP, "BUY", Decimal("0.5"), "FILLED", Decimal("0.5"), Decimal(25_000))
GATE = {"rule": "cash", "value": "5", "limit": "1", "message": "not enough free cash"}
REFUSED = HedgeOrder(f"{ETH}:USDT", "SELL", Decimal(3), "REJECTED", refusal=GATE)
FAILED = HedgeOrder(PERP, "SELL", Decimal(3), "REJECTED", error="the venue is shut")
OPEN = HedgeOrder(PERP, "SELL", Decimal(3), "NEW")
PART = HedgeOrder(PERP, "SELL", Decimal(3), "PARTIALLY_FILLED", Decimal(1), Decimal(50))


@pytest.mark.parametrize(
    ("orders", "telling", "status", "message"),
    [
        ([], EXECUTE, "completed", "No hedge adjustments needed"),
        ([], CLOSE, "completed", "No hedge positions to close"),
        ([SOLD], EXECUTE, "completed", "Successfully executed hedge adjustments"),
        ([BOUGHT], CLOSE, "completed", "Successfully closed all hedge positions"),
        (
            [REFUSED],
            EXECUTE,
            "refused",
            "Failed to execute hedge adjustments: ETH-PERP: not enough free cash",
        ),
        ([FAILED], CLOSE, "refused", "Failed to close hedge positions: BTC-PERP: the venue is shut"),
        (
            [SOLD, REFUSED],
            EXECUTE,
            "partial",
            "Failed to execute hedge adjustments: ETH-PERP: not enough free cash",
        ),
        ([OPEN], EXECUTE, "partial", "1 hedge order is still working at the venue"),
        ([OPEN, PART], EXECUTE, "partial", "2 hedge orders are still working at the venue"),
    ],
)
def test_status_and_message(orders: list[HedgeOrder], telling: Telling, status: str, message: str) -> None:
    found = told(orders, telling)
    assert (found["status"], found["message"]) == (status, message)


def test_the_seeds_trade() -> None:
    assert told([SOLD], EXECUTE)["executed_trades"] == [
        {"asset": "BTC-PERP", "side": "sell", "amount": "0.1", "price": "50000"}
    ]


def test_what_was_refused_and_what_still_works() -> None:
    found: dict[str, Any] = told([REFUSED, FAILED, PART], EXECUTE)
    assert found["refused"] == [
        {"asset": "ETH-PERP", "side": "sell", "amount": "3", **GATE},
        {"asset": "BTC-PERP", "side": "sell", "amount": "3", "rule": "venue", "message": "the venue is shut"},
    ]
    assert found["working"] == [{"asset": "BTC-PERP", "side": "sell", "amount": "3"}]
    assert found["executed_trades"] == [{"asset": "BTC-PERP", "side": "sell", "amount": "1", "price": "50"}]
