"""The trader's account in the exchange's own ledger, spot and perpetuals together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ENDED = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"})
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """An order by the name its sender gave it. A conditional order and the order that it became are one."""

    name: str
    executed: Decimal
    open: bool


@dataclass(frozen=True)
class There:
    """``fills`` by the ids that our rows give them; ``balances`` of spot by asset, ``positions`` by market."""

    orders: tuple[Order, ...]
    fills: frozenset[str]
    balances: Mapping[str, Decimal]
    wallet: Decimal
    positions: Mapping[str, Decimal]


def read(account: Row) -> There:
    """From the account as the control API shows it."""
    became = {str(one["actualOrderId"]) for one in account["perp_algos"] if one["actualOrderId"]}
    triggered = {str(one["orderId"]): one for one in account["perp_orders"] if str(one["orderId"]) in became}
    perp = [one for one in account["perp_orders"] if str(one["orderId"]) not in became]
    return There(
        (
            *(_order(one) for one in (*account["spot_orders"], *perp)),
            *(_algo(one, triggered) for one in account["perp_algos"]),
        ),
        frozenset({*_trades("spot", account["spot_fills"]), *_trades("perp", account["perp_fills"])}),
        {str(one["asset"]): Decimal(one["free"]) + Decimal(one["locked"]) for one in account["spot"]},
        Decimal(account["perp_wallet"]),
        {market: Decimal(amount) for market, amount in account["positions"].items()},
    )


def _order(row: Row) -> Order:
    return Order(str(row["clientOrderId"]), Decimal(row["executedQty"]), row["status"] not in ENDED)


def _algo(row: Row, triggered: Mapping[str, Row]) -> Order:
    name = str(row["clientAlgoId"])
    became = triggered.get(str(row["actualOrderId"]))
    if became is None:
        return Order(name, Decimal(0), row["algoStatus"] == "NEW")
    return Order(name, Decimal(became["executedQty"]), became["status"] not in ENDED)


def _trades(kind: str, rows: Sequence[Row]) -> list[str]:
    return [f"{kind}-{one['symbol']}-{one['id']}" for one in rows]
