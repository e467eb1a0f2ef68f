"""Statements of the ledger: a record and the rows it means, events, and reading them back."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from db import appending, feed, ledger, records, settings_told
from db.statements import columns
from openoutcry.ledger import rows
from orchestrator import recordings
from simulator.database.lease_statements import held
from simulator.database.tables import Row, Transaction
from simulator.database.values import json_value, now, row_of

Answer = tuple[list[Row], str]


def head(work: Transaction, given: Sequence[Any]) -> Answer:
    """Where a chain ends."""
    row = work.get("sessions", given[0])
    return (
        [] if row is None else [{n: row[n] for n in ("head_seq", "head_hash", "head_seal", "stats")}]
    ), "SELECT"


def stored(work: Transaction, given: Sequence[Any]) -> Answer:
    """Hash and seal of a record."""
    row = work.get("cycles", (given[0], given[1]))
    return ([] if row is None else [{"hash": row["hash"], "seal": row["seal"]}]), "SELECT"


def approvals(work: Transaction, given: Sequence[Any]) -> Answer:
    """A round's used approvals."""
    names = ("id", "leg", "client_order_id", "order_hash", "expires_at", "used_at")
    found = [
        {name: row[name] for name in names}
        for row in work.rows("approvals").values()
        if (row["session_id"], row["seq"]) == (given[0], given[1])
    ]
    return sorted(found, key=lambda row: str(row["leg"])), "SELECT"


def record(work: Transaction, given: Sequence[Any]) -> Answer:
    """Append, if the head stands where it should."""
    (session, seq, hash_, seal, stats, as_of, kind, at, equity, prev_hash, prev_seal, org, body, timings, beside,
     cash, drawdown, lease, token, number, types, data, times) = given[: appending.FIXED - 1]  # fmt: skip
    row = work.get("sessions", session)
    if row is None or (row["head_seq"], row["head_hash"], row["head_seal"]) != (
        seq - 1,
        prev_hash,
        prev_seal,
    ):
        return [], "SELECT 0"
    if lease is not None and not held(work, lease, token):
        return [], "SELECT 0"
    moved = {"head_seq": seq, "head_hash": hash_, "head_seal": seal, "stats": json_value(stats), "as_of": as_of,
             "updated_at": now()}  # fmt: skip
    stopped = {"status": "STOPPED", "stopped_at": at, "final_capital": equity} if kind == "STOP" else {}
    work.put("sessions", session, {**row, **moved, **stopped})
    if (session, seq) in work.rows("cycles"):
        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    work.put("cycles", (session, seq), {
        "session_id": session, "seq": seq, "org_id": org, "kind": kind, "as_of": as_of, "body": body, "hash": hash_,
        "prev_hash": prev_hash, "timings": json_value(timings), "committed_at": at, "beside": json_value(beside),
        "seal": seal,
    })  # fmt: skip
    work.put("equity", (session, seq), {"session_id": session, "seq": seq, "org_id": org, "as_of": as_of,
                                        "equity": equity, "cash": cash, "drawdown": drawdown})  # fmt: skip
    opened = work.get("rounds", (session, seq))
    if opened is not None:
        state = "ABORTED" if kind == "ABORTED" else "CLOSED"
        work.put("rounds", (session, seq), {**opened, "state": state, "ballots": None, "closed_at": at})
    if (session, seq - appending.KEPT_ROUNDS) in work.rows("rounds"):
        work.put("rounds", (session, seq - appending.KEPT_ROUNDS), None)
    _batches(work, given[appending.FIXED - 1 :])
    _events(work, org, number, types, data, times)
    work.notices.append(("cycles", f"{session}:{seq}"))
    return [{"of_session": session}], "SELECT 1"


def _batches(work: Transaction, given: Sequence[Any]) -> None:
    put: dict[Any, Callable[[Transaction, Row], None]] = {
        rows.DecisionRow: lambda w, r: _insert(w, "decisions", {**r, "outcome": "PENDING"}),
        rows.VoteRow: lambda w, r: _insert(w, "votes", r),
        rows.PositionRow: _position,
        rows.OutcomeRow: lambda w, r: _change(w, "decisions", r),
    }
    place = 0
    for kind in appending.BATCHES:
        width = len(columns(kind))
        for values in zip(*given[place : place + width], strict=True):
            put[kind](work, row_of(kind, values))
        place += width


def _insert(work: Transaction, table: str, row: Row) -> None:
    if row["id"] in work.rows(table):
        raise asyncpg.UniqueViolationError(f"duplicate key value violates unique constraint of {table}")
    work.put(table, row["id"], row)


def _change(work: Transaction, table: str, row: Row) -> None:
    before = work.get(table, row["id"])
    if before is not None:
        work.put(table, row["id"], {**before, **row})


def _position(work: Transaction, row: Row) -> None:
    before = work.get("positions", row["id"])
    known = row["unrealized_pnl"]
    if known is None:
        known = before["unrealized_pnl"] if before else row["realized_pnl"] * 0
    kept = {"created_at": before["created_at"]} if before else {}
    work.put("positions", row["id"], {**row, **kept, "unrealized_pnl": known})


def _events(work: Transaction, org: Any, number: int, types: Any, data: Any, times: Any) -> int | None:
    if not number:
        return None
    counter = work.get("event_counters", org) or {"org_id": org, "last_seq": 0}
    last = counter["last_seq"]
    for kind, body, at in zip(types, data, times, strict=True):
        last += 1
        work.put(
            "events",
            (org, last),
            {"org_id": org, "seq": last, "type": kind, "data": json_value(body), "at": at},
        )
    work.put("event_counters", org, {"org_id": org, "last_seq": last})
    work.notices.append((feed.CHANNEL, str(last)))
    return int(last)


def append_events(work: Transaction, given: Sequence[Any]) -> Answer:
    """Events by themselves, or beside a round that traded."""
    last = _events(work, *given)
    return [{"last_seq": last}], "SELECT 1"


def order(work: Transaction, given: Sequence[Any]) -> Answer:
    """The record's word on one of its orders."""
    row = row_of(rows.OrderRow, given)
    known = work.get("orders", row["id"])
    heard = known is not None and known["status"] not in ("INTENT", "SENT", "UNKNOWN")
    if heard and row["status"] == "UNKNOWN":
        return [], "INSERT 0 0"
    work.put("orders", row["id"], row)
    return [], "INSERT 0 1"


def order_change(work: Transaction, given: Sequence[Any]) -> Answer:
    """The record's news of an earlier order."""
    change = row_of(rows.OrderChangeRow, given)
    before = work.get("orders", change["id"])
    if before is None:
        return [], "UPDATE 0"
    news = {
        name: value for name, value in change.items() if value is not None or name not in rows.OWN_WHEN_NONE
    }
    work.put("orders", change["id"], {**before, **news})
    return [{name: before[name] for name in ("id", "symbol", "side", "type", "quantity")}], "UPDATE 1"


def fill(work: Transaction, given: Sequence[Any]) -> Answer:
    """One execution, once by its venue's number."""
    row = row_of(rows.FillRow, given)
    key = (row["session_id"], row["trade_id"])
    if row["id"] in work.rows("fills") or any(
        (r["session_id"], r["trade_id"]) == key for r in work.rows("fills").values()
    ):
        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint of fills")
    work.put("fills", row["id"], row)
    return [], "INSERT 0 1"


def position(work: Transaction, given: Sequence[Any]) -> Answer:
    """A position as it stands after the record."""
    _position(work, row_of(rows.PositionRow, given))
    return [], "INSERT 0 1"


def outcome(work: Transaction, given: Sequence[Any]) -> Answer:
    """How an earlier decision ended."""
    _change(work, "decisions", row_of(rows.OutcomeRow, given))
    return [], "UPDATE 1"


def one(work: Transaction, given: Sequence[Any]) -> Answer:
    """A record's body."""
    row = work.get("cycles", (given[0], given[1]))
    return ([] if row is None else [{"body": row["body"]}]), "SELECT"


def last(work: Transaction, given: Sequence[Any]) -> Answer:
    """The newest record's body."""
    found = [row for row in _chain(work, given[0])][-1:]
    return [{"body": row["body"]} for row in found], "SELECT"


def page(work: Transaction, given: Sequence[Any]) -> Answer:
    """Bodies from a number on."""
    found = [row for row in _chain(work, given[0]) if row["seq"] >= given[1]][: given[2]]
    return [{"body": row["body"]} for row in found], "SELECT"


def _chain(work: Transaction, session: Any) -> list[Row]:
    return sorted(
        (row for row in work.rows("cycles").values() if row["session_id"] == session),
        key=lambda row: int(row["seq"]),
    )


def settings(work: Transaction, given: Sequence[Any]) -> Answer:
    """The settings told last up to a record."""
    return _told(work, given, "settings")[:1], "SELECT"


def defined(work: Transaction, given: Sequence[Any]) -> Answer:
    """Every telling of strategies up to a record, the newest first."""
    return _told(work, given, "definitions"), "SELECT"


def _told(work: Transaction, given: Sequence[Any], key: str) -> list[Row]:
    found = [row for row in _chain(work, given[0]) if row["seq"] <= given[1] and f'"{key}":' in row["body"]]
    details = (json.loads(row["body"])["detail"] for row in reversed(found))
    return [{"told": detail[key]} for detail in details if key in detail]


def open_then(work: Transaction, given: Sequence[Any]) -> Answer:
    """Decisions whose end was not known at a time."""
    found = [
        {"seq": row["seq"]}
        for row in work.rows("decisions").values()
        if row["session_id"] == given[0] and row["seq"] < given[1]
        and (row.get("outcome_known_at") is None or row["outcome_known_at"] >= given[2])
    ]  # fmt: skip
    return sorted(found, key=lambda row: int(row["seq"])), "SELECT"


STATEMENTS = {
    ledger.HEAD: head,
    ledger.STORED: stored,
    ledger.APPROVALS: approvals,
    appending.RECORD: record,
    appending.ORDER: order,
    appending.ORDER_CHANGE: order_change,
    appending.FILL: fill,
    appending.POSITION: position,
    appending.OUTCOME: outcome,
    feed.APPEND: append_events,
    records.ONE: one,
    records.LAST: last,
    records.PAGE: page,
    settings_told.SETTINGS: settings,
    recordings.DEFINED: defined,
    recordings.OPEN_THEN: open_then,
}
