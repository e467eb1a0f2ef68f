"""Every fill once on both sides, and what our fills add up to against balances, wallet and positions, to the unit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from chaos.checker.exchange import There
from chaos.checker.findings import Findings

UNITS = 10**8
"""The exchange counts in hundred-millionths."""
UNIT = Decimal(1) / UNITS
ZERO = Decimal(0)
Row = Mapping[str, Any]


def compare(ours: Sequence[Row], there: There, opening: There, found: Findings) -> None:
    """``ours`` are all rows of fills, funding too; ``opening`` is the account before the first of them."""
    trades = [row for row in ours if row["kind"] == "TRADE"]
    booked = {str(row["trade_id"]) for row in trades}
    found.lost += [f"fill {one} is not booked" for one in sorted(there.fills - booked)]
    found.doubled += [f"fill {one} never was" for one in sorted(booked - there.fills)]
    _spot([row for row in trades if ":" not in row["symbol"]], there, opening, found)
    _perp([row for row in ours if ":" in row["symbol"]], there, opening, found)


def _spot(ours: Sequence[Row], there: There, opening: There, found: Findings) -> None:
    change: dict[str, Decimal] = {}
    for row in ours:
        base, quote = row["symbol"].split("/")
        sign = 1 if row["side"] == "BUY" else -1
        change[base] = change.get(base, ZERO) + sign * row["quantity"]
        # A fee taken in coins leaves a quantity of finer steps, whose worth is no whole number of units: it was rounded when
        # it was booked, and the fee is what is left of the money that moved.
        worth = (row["quantity"] * row["price"]).quantize(UNIT, ROUND_HALF_EVEN)
        change[quote] = change.get(quote, ZERO) - sign * worth - row["fee"]
    for asset in sorted({*there.balances, *opening.balances, *change}):
        expected = opening.balances.get(asset, ZERO) + change.get(asset, ZERO)
        if (differs := there.balances.get(asset, ZERO) - expected) != 0:
            found.ledger.append(f"{asset}: the exchange has {differs} more than our fills add up to")


def _perp(ours: Sequence[Row], there: There, opening: There, found: Findings) -> None:
    expected = opening.wallet - sum((row["fee"] for row in ours), ZERO)
    held: dict[str, Decimal] = {}
    for symbol in sorted({row["symbol"] for row in ours}):
        trades = [row for row in ours if row["symbol"] == symbol and row["kind"] == "TRADE"]
        position = _position(trades)
        expected += Decimal(position.realized) / UNITS
        held[symbol.partition(":")[0].replace("/", "")] = Decimal(position.amount) / UNITS
    if there.wallet != expected:
        found.ledger.append(
            f"perpetuals: the wallet has {there.wallet - expected} more than our fills add up to"
        )
    for market in sorted({*there.positions, *held}):
        theirs, mine = there.positions.get(market, ZERO), held.get(market, ZERO)
        if theirs != mine:
            found.ledger.append(f"{market}: the position is {theirs}, our fills add up to {mine}")


@dataclass
class Position:
    """What fills left, in whole units: ``cost`` is what its entry was worth, ``realized`` what was paid for the closed part."""

    amount: int = 0
    cost: int = 0
    realized: int = 0

    def fill(self, sign: int, price: Decimal, quantity: Decimal) -> None:
        size = int(quantity * UNITS)
        closing = min(size, abs(self.amount)) if self.amount * sign < 0 else 0
        if closing:
            part = self.cost * closing // abs(self.amount)
            self.realized += -sign * _worth(price, closing) - part
            self.amount += sign * closing
            self.cost -= part
        self.amount += sign * (size - closing)
        self.cost += sign * _worth(price, size - closing)


def _worth(price: Decimal, size: int) -> int:
    return int(price * size)


def _position(trades: Iterable[Row]) -> Position:
    """In the order of the exchange's own numbers."""
    position = Position()
    for row in sorted(trades, key=lambda row: int(str(row["trade_id"]).rpartition("-")[2])):
        position.fill(1 if row["side"] == "BUY" else -1, row["price"], row["quantity"])
    return position
