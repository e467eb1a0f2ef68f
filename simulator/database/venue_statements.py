"""Statements about a real venue: what may have left for it, what is booked of the account, what comparisons found."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from db import venue_books, venue_journal, venue_sends
from simulator.database.tables import Row, Transaction
from simulator.database.values import json_value

Answer = tuple[list[Row], str]
SEND = ("client_order_id", "session_id", "org_id", "exchange", "seq", "request", "sent_at", "state")


def note(work: Transaction, given: Sequence[Any]) -> Answer:
    """An order may leave from now on; a name is noted once."""
    row = dict(zip(SEND, given, strict=True))
    name = row["client_order_id"]
    if name in work.rows("venue_sends"):
        return [], "INSERT 0 0"
    work.put("venue_sends", name, {**row, "request": json_value(row["request"]), "alarmed_at": None})
    return [{"client_order_id": name}], "INSERT 0 1"


def find(work: Transaction, given: Sequence[Any]) -> Answer:
    """The send of that name."""
    row = work.get("venue_sends", given[0])
    return ([] if row is None else [{name: row[name] for name in SEND}]), "SELECT"


def again(work: Transaction, given: Sequence[Any]) -> Answer:
    """Sent anew: absence counts from now."""
    row = work.get("venue_sends", given[0])
    if row is None or row["state"] != "OPEN":
        return [], "UPDATE 0"
    work.put("venue_sends", given[0], {**row, "sent_at": given[1]})
    return [], "UPDATE 1"


def settled(work: Transaction, given: Sequence[Any]) -> Answer:
    """What is known of a send by now."""
    row = work.get("venue_sends", given[0])
    if row is None or row["state"] == given[1]:
        return [], "UPDATE 0"
    work.put("venue_sends", given[0], {**row, "state": given[1]})
    return [], "UPDATE 1"


def ours(work: Transaction, given: Sequence[Any]) -> Answer:
    """Every order that may have left, as the order's row has it."""
    orders = {row["client_order_id"]: row for row in work.rows("orders").values()}
    found = []
    for name, row in work.rows("venue_sends").items():
        if (row["exchange"], row["org_id"]) != (given[0], given[1]):
            continue
        asked, order = row["request"], orders.get(name, {})
        found.append(
            {
                "client_order_id": name,
                "venue_order_id": order.get("venue_order_id"),
                "symbol": asked["symbol"],
                "side": asked["side"],
                "quantity": Decimal(asked["quantity"]),
                "executed_quantity": order.get("executed_quantity", Decimal(0)),
                "status": order.get("status", "SENT"),
            }
        )
    return found, f"SELECT {len(found)}"


def under_way(work: Transaction, given: Sequence[Any]) -> Answer:
    """Whether one was sent a moment ago, or is of unknown fate."""
    exchange, org, since = given
    there = any(
        (row["exchange"], row["org_id"]) == (exchange, org)
        and (row["state"] == "OPEN" or row["sent_at"] > since)
        for row in work.rows("venue_sends").values()
    )
    return [{"exists": there}], "SELECT 1"


def read(work: Transaction, given: Sequence[Any]) -> Answer:
    """An account's books."""
    found = [
        {name: row[name] for name in ("number", "kind", "key", "body")}
        for row in sorted(work.rows("venue_books").values(), key=lambda row: int(row["number"]))
        if row["account"] == given[0]
    ]
    return found, f"SELECT {len(found)}"


def write(work: Transaction, given: Sequence[Any]) -> Answer:
    """An entry of the books, once by its key."""
    org, account, kind, key, body = given
    if (account, key) in work.rows("venue_books"):
        return [], "INSERT 0 0"
    number = len(work.rows("venue_books")) + 1
    row = {
        "number": number,
        "org_id": org,
        "account": account,
        "kind": kind,
        "key": key,
        "body": json_value(body),
    }
    work.put("venue_books", (account, key), row)
    return [], "INSERT 0 1"


def turn(work: Transaction, given: Sequence[Any]) -> Answer:
    """Transactions take turns here anyway."""
    return [{"pg_advisory_xact_lock": None}], "SELECT 1"


def last(work: Transaction, given: Sequence[Any]) -> Answer:
    """The number of an account's newest entry."""
    found = [row["number"] for row in work.rows("venue_books").values() if row["account"] == given[0]]
    return [{"number": max(found, default=0)}], "SELECT 1"


def written(work: Transaction, given: Sequence[Any]) -> Answer:
    """How many of these keys are there."""
    return [{"count": sum((given[0], key) in work.rows("venue_books") for key in given[1])}], "SELECT 1"


def compared(work: Transaction, given: Sequence[Any]) -> Answer:
    """What a comparison found. No run lasts so long that an old one is deleted."""
    org, account, exchange, at, differences, halts = given
    number = len(work.rows("reconciliations")) + 1
    row = {"number": number, "org_id": org, "account": account, "exchange": exchange, "at": at,
           "differences": json_value(differences), "halts": json_value(halts)}  # fmt: skip
    work.put("reconciliations", number, row)
    return [], "INSERT 0 1"


STATEMENTS = {
    venue_sends.NOTE: note,
    venue_sends.FIND: find,
    venue_sends.AGAIN: again,
    venue_journal.SETTLED: settled,
    venue_books.OURS: ours,
    venue_books.UNDER_WAY: under_way,
    venue_books.READ: read,
    venue_books.TURN: turn,
    venue_books.LAST: last,
    venue_books.WRITTEN: written,
    venue_books.WRITE: write,
    venue_books.NOTE: compared,
}
