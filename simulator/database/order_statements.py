"""Statements of the execution server: intents, approvals, what the venue said."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from db.halting import EVERYTHING
from db.reads import refusals
from db.standing import IN_FORCE, MOST, MOST_OPEN
from mcp_servers.execution import intents, orders_table
from mcp_servers.execution.answers import OrderView
from openoutcry.ledger import rows
from simulator.database.lease_statements import held
from simulator.database.tables import Row, Transaction
from simulator.database.values import json_value, now, row_of

Answer = tuple[list[Row], str]
OPEN = ("INTENT", "SENT", "UNKNOWN")
REQUEST = (
    "symbol", "side", "type", "quantity", "price", "stop_price",
    "time_in_force", "reduce_only", "oco_group", "reason",
)  # fmt: skip
SHOWN = tuple(name for name in OrderView.model_fields if name != "order_id")
STOOD = (
    "status", "venue_order_id", "executed_quantity", "executed_quote_quantity",
    "placed_at", "updated_at", "error_message",
)  # fmt: skip


def use(work: Transaction, given: Sequence[Any]) -> Answer:
    """An approval is used once: by id, by name, by round and leg, and under leases that hold."""
    *told, leases, tokens = given
    if not all(held(work, name, token) for name, token in zip(leases, tokens, strict=True)):
        return [], "INSERT 0 0"
    names = (
        "id",
        "org_id",
        "session_id",
        "seq",
        "leg",
        "client_order_id",
        "order_hash",
        "expires_at",
        "standing",
    )
    row = {**dict(zip(names, told, strict=True)), "used_at": now()}
    taken = {(r["session_id"], r["seq"], r["leg"]) for r in work.rows("approvals").values()}
    if row["id"] in work.rows("approvals") or (row["session_id"], row["seq"], row["leg"]) in taken:
        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    work.put("approvals", row["id"], row)
    return [{"id": row["id"]}], "INSERT 0 1"


def by_name(work: Transaction, given: Sequence[Any]) -> Answer:
    """An order of an org by its client order id."""
    found = [
        {"order_id": row["id"], **{name: row[name] for name in SHOWN}}
        for row in work.rows("orders").values()
        if (row["org_id"], row["client_order_id"]) == (given[0], given[1])
    ]
    return found, f"SELECT {len(found)}"


def intent(work: Transaction, given: Sequence[Any]) -> Answer:
    """A new order row."""
    row = row_of(rows.OrderRow, given)
    if row["id"] in work.rows("orders"):
        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    work.put("orders", row["id"], row)
    return [], "INSERT 0 1"


def standing(work: Transaction, given: Sequence[Any]) -> Answer:
    """Where an order stands, with its approval's hash."""
    row = work.get("orders", given[0])
    if row is None:
        return [], "SELECT 0"
    key = (row["session_id"], row["seq"], row["leg"])
    bound = (
        a["order_hash"]
        for a in work.rows("approvals").values()
        if (a["session_id"], a["seq"], a["leg"]) == key
    )
    return [{**{name: row[name] for name in STOOD}, "order_hash": next(bound, None)}], "SELECT 1"


def strays(work: Transaction, given: Sequence[Any]) -> Answer:
    """Earlier rounds' orders of which nobody heard."""
    found = [
        {name: row[name] for name in ("seq", "client_order_id", "leg", *REQUEST)}
        for row in work.rows("orders").values()
        if row["session_id"] == given[0] and row["seq"] < given[1] and row["status"] in OPEN
    ]
    found.sort(key=lambda row: (row["seq"], row["leg"]))
    return found, f"SELECT {len(found)}"


def asked(work: Transaction, given: Sequence[Any]) -> Answer:
    """One round's orders, as they stand."""
    found = [
        {name: row[name] for name in (*STOOD, "leg", *REQUEST)}
        for row in work.rows("orders").values()
        if row["session_id"] == given[0] and row["seq"] == given[1]
    ]
    found.sort(key=lambda row: row["leg"])
    return found, f"SELECT {len(found)}"


def sent(work: Transaction, given: Sequence[Any]) -> Answer:
    """SENT, unless it has ended."""
    row = work.get("orders", given[0])
    if row is None or row["status"] not in OPEN:
        return [], "UPDATE 0"
    reduces, names, tokens = given[2:]
    if not all(held(work, name, token) for name, token in zip(names, tokens, strict=True)):
        return [], "UPDATE 0"
    if not reduces and work.rows("floor_state").keys() & {EVERYTHING, f"{EVERYTHING}:{row['symbol']}"}:
        return [], "UPDATE 0"
    work.put("orders", given[0], {**row, "status": "SENT", "updated_at": given[1]})
    return [{"id": given[0]}], "UPDATE 1"


def halt(work: Transaction, given: Sequence[Any]) -> Answer:
    """Why nothing may leave."""
    for key in (EVERYTHING, f"{EVERYTHING}:{given[0]}"):
        if (row := work.get("floor_state", key)) is not None:
            return [{"reason": row["value"]["reason"]}], "SELECT 1"
    return [], "SELECT 0"


def settle(work: Transaction, given: Sequence[Any]) -> Answer:
    """What the venue said, committed asynchronously."""
    work.durable = False
    order_id, status, venue_id, executed, quote, placed_at, at, error, names, tokens = given
    row = work.get("orders", order_id)
    if row is None or not all(held(work, name, token) for name, token in zip(names, tokens, strict=True)):
        return [], "UPDATE 0"
    ended = {
        f"{kind}_at": at if status == kind.upper() else None for kind in ("filled", "canceled", "expired")
    }
    work.put(
        "orders",
        order_id,
        {
            **row,
            **ended,
            "status": status,
            "venue_order_id": venue_id or row["venue_order_id"],
            "executed_quantity": executed,
            "executed_quote_quantity": quote,
            "placed_at": placed_at or row["placed_at"],
            "updated_at": at,
            "error_message": error,
        },
    )
    return [{"id": order_id}], "UPDATE 1"


def in_force(work: Transaction, given: Sequence[Any]) -> Answer:
    """The standing instructions of each symbol's newest entries that may have left, and of those of open positions."""
    opened: dict[Any, list[int]] = {}
    for one in work.rows("positions").values():
        if one["exit_time"] is None:
            opened.setdefault((one["session_id"], one["symbol"]), []).append(one["opened_seq"])
    orders = {(o["session_id"], o["seq"], o["leg"]): o for o in work.rows("orders").values()}
    found: dict[Any, list[Row]] = {}
    for row in work.rows("approvals").values():
        order = orders.get((row["session_id"], row["seq"], row["leg"]))
        session = work.get("sessions", row["session_id"])
        if row["standing"] is None or order is None or session is None:
            continue
        if session["status"] != "STOPPED" and order["status"] not in ("INTENT", "REJECTED"):
            names = ("session_id", "org_id", "seq", "leg")
            told = {**{name: row[name] for name in names}, "symbol": order["symbol"]}
            found.setdefault((row["session_id"], order["symbol"]), []).append(
                {**told, "standing": json_value(row["standing"])}
            )
    newest = [
        row
        for key, many in sorted(found.items())
        for nth, row in enumerate(
            sorted(many, key=lambda row: (row["seq"], row["leg"]), reverse=True)[:MOST_OPEN]
        )
        if nth < MOST or (key in opened and row["seq"] >= min(opened[key]))
    ]
    newest.sort(key=lambda row: (row["session_id"], row["symbol"], row["seq"], row["leg"]))
    return newest, f"SELECT {len(newest)}"


def newest(work: Transaction, given: Sequence[Any]) -> Answer:
    """The newest orders of a symbol that were to be sent."""
    session, symbol, most = given
    found = [
        row
        for row in work.rows("orders").values()
        if (row["session_id"], row["symbol"], row["refusal"]) == (session, symbol, None)
        and row["status"] not in ("INTENT", "SENT")
        and not (row["error_message"] or "").startswith(("HALTED:", "EXPIRED:"))
    ]
    found.sort(key=lambda row: (row["seq"], row["leg"]), reverse=True)
    shown = [{name: row[name] for name in ("status", "error_message", "created_at")} for row in found[:most]]
    return shown, f"SELECT {len(shown)}"


STATEMENTS = {
    refusals.NEWEST: newest,
    IN_FORCE: in_force,
    orders_table.BY_NAME: by_name,
    intents.USE: use,
    intents.INTENT: intent,
    intents.STANDING: standing,
    intents.STRAY: strays,
    intents.ASKED: asked,
    intents.SENT: sent,
    intents.SETTLE: settle,
    intents.HALT: halt,
}
