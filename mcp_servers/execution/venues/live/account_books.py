"""The durable books of an account as rows, and back: postings to compare with the venue, and what a verdict adds to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from openoutcry.reconcile.books import Books, of_move, of_unexplained
from openoutcry.reconcile.facts import ZERO, AccountFacts, FillFact, MoneyMove, OrderFact
from openoutcry.reconcile.policy import Verdict
from openoutcry.types.amounts import plain

FILL, MOVE, ORDER = TypeAdapter(FillFact), TypeAdapter(MoneyMove), TypeAdapter(OrderFact)
Entry = tuple[str, str, dict[str, Any]]
"""Kind, key and body of a row."""


@dataclass
class AccountBooks:
    """What the rows add up to. ``since`` is the first trade of each symbol that is ours to know, ``since_ms`` the time."""

    opened: bool = False
    books: Books = field(default_factory=Books)
    fills: dict[tuple[str, str], FillFact] = field(default_factory=dict)
    voided: set[tuple[str, str]] = field(default_factory=set)
    moves: list[MoneyMove] = field(default_factory=list)
    adopted: dict[str, OrderFact] = field(default_factory=dict)
    positions: dict[str, Decimal] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    since_ms: int = 0
    number: int = 0
    """The newest row."""

    def facts(self, orders: Iterable[OrderFact]) -> AccountFacts:
        """Our side of a comparison. An adopted order is as the venue has it: it is not ours to follow."""
        positions = dict(self.positions)
        for symbol, amount in self.books.positions().items():
            positions[symbol] = positions.get(symbol, ZERO) + amount
        return AccountFacts(
            tuple(orders),
            tuple(self.fills.values()),
            tuple(self.moves),
            self.books.balances(),
            positions,
            self.since,
            frozenset(self.voided),
        )


def read(rows: Iterable[Mapping[str, Any]]) -> AccountBooks:
    """The books that the rows describe."""
    found = AccountBooks()
    for row in rows:
        _read(found, row["kind"], row["key"], row["body"])
        found.number = row["number"]
    return found


def _read(found: AccountBooks, kind: str, key: str, body: dict[str, Any]) -> None:
    match kind:
        case "opening":
            found.opened, found.since, found.since_ms = True, dict(body["since"]), body["since_ms"]
            for asset, amount in body["balances"].items():
                found.books.post(of_unexplained(asset, Decimal(amount), "opening"))
            found.positions = {symbol: Decimal(amount) for symbol, amount in body["positions"].items()}
        case "fill" | "external_fill":
            fill = FILL.validate_python(body)
            found.books.fill(fill, external=kind == "external_fill")
            found.fills[fill.key] = fill
        case "void":
            fill = FILL.validate_python(body)
            found.books.void(fill)
            found.fills.pop(fill.key, None)
            found.voided.add(fill.key)
        case "move":
            move = MOVE.validate_python(body)
            found.books.post(of_move(move))
            found.moves.append(move)
        case "unexplained":
            found.books.post(of_unexplained(body["asset"], Decimal(body["amount"]), key))
        case "position":
            symbol = body["symbol"]
            found.positions[symbol] = found.positions.get(symbol, ZERO) + Decimal(body["amount"])
        case "order":
            order = ORDER.validate_python(body)
            found.adopted[order.client_order_id] = order


def opening(there: AccountFacts, since_ms: int) -> Entry:
    """The first row: what the account held when we first saw it. It never was ours to earn or lose."""
    since = {symbol: 0 for symbol in there.complete_from}
    for fill in there.fills:
        since[fill.symbol] = max(since[fill.symbol], int(fill.trade_id) + 1)
    body = {
        "balances": {asset: plain(amount) for asset, amount in there.balances.items()},
        "positions": {symbol: plain(amount) for symbol, amount in there.positions.items()},
        "since": since,
        "since_ms": since_ms,
    }
    return "opening", "opening", body


def rows_of(words: Iterable[Verdict], run: str) -> list[Entry]:
    """What the verdicts add to the books; ``run`` names the comparison, so that an adoption is booked once."""
    found: list[Entry] = []
    for word in words:
        one = word.difference
        if word.action == "book" and one.fill is not None:
            found.append(("fill", _fill_key(one.fill), FILL.dump_python(one.fill, mode="json")))
        elif word.action == "reverse" and one.fill is not None:
            found.append(("void", f"void:{_fill_key(one.fill)}", FILL.dump_python(one.fill, mode="json")))
        elif word.action in ("book", "adopt") and one.move is not None:
            found.append(("move", f"move:{one.move.move_id}", MOVE.dump_python(one.move, mode="json")))
        elif word.action == "adopt" and one.fill is not None:
            found.append(("external_fill", _fill_key(one.fill), FILL.dump_python(one.fill, mode="json")))
        elif word.action == "adopt" and one.order is not None:
            name = one.order.client_order_id
            found.append(("order", f"order:{name}", ORDER.dump_python(one.order, mode="json")))
        elif word.action == "adopt" and one.kind == "balance_differs":
            body = {"asset": one.subject, "amount": plain(one.amount)}
            found.append(("unexplained", f"{run}:{one.subject}", body))
        elif word.action == "adopt" and one.kind == "position_differs":
            body = {"symbol": one.subject, "amount": plain(one.amount)}
            found.append(("position", f"{run}:{one.subject}", body))
    return found


def _fill_key(fill: FillFact) -> str:
    return f"fill:{fill.symbol}:{fill.trade_id}"
