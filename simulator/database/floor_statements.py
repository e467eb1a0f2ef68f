"""Statements of the orchestrator and the risk server beside the ledger: sessions, rounds, commands, small facts."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db import agents, commands, rounds, sessions, state
from db.models import reading
from db.reads import session_books
from db.strategies import seats
from orchestrator import store
from simulator.database.lease_statements import held
from simulator.database.tables import Row, Transaction
from simulator.database.values import json_value, now

Answer = tuple[list[Row], str]
FOUND = ("org_id", "mode", "status", "symbol", "hedge_symbol", "exchange", "timeframe", "source", "seed",
         "initial_capital", "config_digest", "stats", "head_seq", "head_hash", "head_seal", "started_at",
         "stopped_at")  # fmt: skip


def create(work: Transaction, given: Sequence[Any]) -> Answer:
    """A session, once."""
    names = ("id", "org_id", "run_key", "mode", "symbol", "hedge_symbol", "exchange", "timeframe", "source", "seed",
             "initial_capital", "config", "config_digest", "stats", "head_hash")  # fmt: skip
    row = dict(zip(names, given, strict=True))
    if row["id"] in work.rows("sessions"):
        return [], "INSERT 0 0"
    made = {"status": "RUNNING", "head_seq": -1, "head_seal": row["head_hash"], "started_at": now(),
            "created_at": now(), "updated_at": now(), "stopped_at": None, "final_capital": None, "as_of": None,
            "config": json_value(row["config"]), "stats": json_value(row["stats"])}  # fmt: skip
    work.put("sessions", row["id"], {**row, **made})
    return [], "INSERT 0 1"


def _found(row: Row) -> Row:
    return {"session_id": row["id"], **{name: row[name] for name in FOUND}}


def find(work: Transaction, given: Sequence[Any]) -> Answer:
    """One session."""
    row = work.get("sessions", given[0])
    return ([] if row is None else [_found(row)]), "SELECT"


def open_sessions(work: Transaction, given: Sequence[Any]) -> Answer:
    """A run's sessions that are not stopped."""
    found = [
        _found(row)
        for row in work.rows("sessions").values()
        if row["run_key"] == given[0] and row["status"] != "STOPPED"
    ]
    return sorted(found, key=lambda row: (row["symbol"], str(row["session_id"]))), "SELECT"


def config(work: Transaction, given: Sequence[Any]) -> Answer:
    """The settings a session was opened with."""
    row = work.get("sessions", given[0])
    return ([] if row is None else [{"config": row["config"]}]), "SELECT"


def abandon(work: Transaction, given: Sequence[Any]) -> Answer:
    """Stop a session without a record."""
    row = work.get("sessions", given[0])
    if row is None or row["head_seq"] != -1:
        return [], "UPDATE 0"
    work.put("sessions", given[0], {**row, "status": "STOPPED", "stopped_at": now()})
    return [], "UPDATE 1"


def set_status(work: Transaction, given: Sequence[Any]) -> Answer:
    """Paused or running."""
    row = work.get("sessions", given[0])
    if row is None or row["status"] == "STOPPED":
        return [], "UPDATE 0"
    work.put("sessions", given[0], {**row, "status": given[1], "updated_at": now()})
    return [], "UPDATE 1"


def count(work: Transaction, given: Sequence[Any]) -> Answer:
    """How many sessions."""
    return [{"count": len(work.rows("sessions"))}], "SELECT 1"


def pending(work: Transaction, given: Sequence[Any]) -> Answer:
    """Decisions still open."""
    found = [
        {"seq": row["seq"]}
        for row in work.rows("decisions").values()
        if row["session_id"] == given[0] and row["outcome"] == "PENDING"
    ]
    return sorted(found, key=lambda row: int(row["seq"])), "SELECT"


def rounds_done(work: Transaction, given: Sequence[Any]) -> Answer:
    """Rounds with a record."""
    done = sum(r["session_id"] == given[0] and r["kind"] == "ROUND" for r in work.rows("cycles").values())
    return [{"count": done}], "SELECT 1"


def order_of_leg(work: Transaction, given: Sequence[Any]) -> Answer:
    """A recorded order by its leg."""
    found = [
        {"id": row["id"]}
        for row in work.rows("orders").values()
        if row["session_id"] == given[0] and row["leg"] == given[1] and row["seq"] <= given[2]
    ]
    return found, "SELECT"


def open_round(work: Transaction, given: Sequence[Any]) -> Answer:
    """Note a round's beginning and the floor's clock, asynchronously."""
    session, seq, org, as_of, snapshot, portfolio, clock, more, lease, token = given
    work.durable = False
    if lease is not None and not held(work, lease, token):
        return [], "INSERT 0 0"
    work.put("floor_state", "clock", {"key": "clock", "value": json_value(clock), "updated_at": now()})
    before = work.get("rounds", (session, seq))
    opening = {"snapshot": json.loads(snapshot), "portfolio": json.loads(portfolio), **json_value(more)}
    if before is None:
        row = {"session_id": session, "seq": seq, "org_id": org, "as_of": as_of, "state": "OPEN", "opening": opening,
               "ballots": None, "opened_at": now(), "closed_at": None}  # fmt: skip
    elif before["state"] in ("OPEN", "POLLED"):
        row = {**before, "as_of": as_of, "opening": opening}
    else:
        return [], "INSERT 0 0"
    work.put("rounds", (session, seq), row)
    return [{"ballots": row["ballots"]}], "INSERT 0 1"


def polled(work: Transaction, given: Sequence[Any]) -> Answer:
    """Keep ballots, asynchronously."""
    work.durable = False
    if given[3] is not None and not held(work, given[3], given[4]):
        return [], "UPDATE 0"
    row = work.get("rounds", (given[0], given[1]))
    if row is None or row["state"] not in ("OPEN", "POLLED"):
        return [], "UPDATE 0"
    work.put("rounds", (given[0], given[1]), {**row, "state": "POLLED", "ballots": given[2]})
    return [], "UPDATE 1"


def interrupted(work: Transaction, given: Sequence[Any]) -> Answer:
    """Rounds that began and did not end."""
    found = [
        {**{name: row[name] for name in ("session_id", "seq", "as_of", "state", "ballots")},
         "looked": row["opening"]["snapshot"] is not None, "strategies": row["opening"].get("strategies", []),
         "learned": row["opening"].get("learned")}
        for row in work.rows("rounds").values()
        if row["session_id"] == given[0] and row["state"] in ("OPEN", "POLLED")
    ]  # fmt: skip
    return sorted(found, key=lambda row: int(row["seq"])), "SELECT"


def get(work: Transaction, given: Sequence[Any]) -> Answer:
    """A small fact."""
    row = work.get("floor_state", given[0])
    return ([] if row is None else [{"value": row["value"]}]), "SELECT"


def put(work: Transaction, given: Sequence[Any]) -> Answer:
    """Set a small fact."""
    work.put("floor_state", given[0], {"key": given[0], "value": json_value(given[1]), "updated_at": now()})
    return [], "INSERT 0 1"


def forget(work: Transaction, given: Sequence[Any]) -> Answer:
    """Forget a small fact."""
    if given[0] in work.rows("floor_state"):
        work.put("floor_state", given[0], None)
    return [], "DELETE"


def heartbeat(work: Transaction, given: Sequence[Any]) -> Answer:
    """An agent's status, asynchronously."""
    org, name, status, metadata = given
    work.durable = False
    before = work.get("agents", (org, name))
    seen = now() if before is None or status == "active" else before["last_seen_at"]
    known = {**(before["metadata"] if before else {}), **json_value(metadata)}
    row = {"org_id": org, "name": name, "status": status, "last_seen_at": seen, "metadata": known}
    work.put("agents", (org, name), row)
    return [{"before": before and before["status"], "last_seen_at": seen, "metadata": known}], "INSERT 0 1"


def submit(work: Transaction, given: Sequence[Any]) -> Answer:
    """Queue a command."""
    asked, org, body, by = given
    number = len(work.rows("commands")) + 1
    made = asked or UUID(int=number)
    if made not in work.rows("commands"):
        work.put("commands", made, {"id": made, "org_id": org, "number": number, "body": json_value(body),
                                    "state": "PENDING", "result": None, "requested_by": by, "created_at": now(),
                                    "done_at": None})  # fmt: skip
    work.notices.append((commands.SUBMITTED, ""))
    return [{"id": made}], "SELECT 1"


def pending_commands(work: Transaction, given: Sequence[Any]) -> Answer:
    """The queue."""
    found = [
        {name: row[name] for name in ("id", "org_id", "number", "body", "requested_by", "created_at")}
        for row in work.rows("commands").values()
        if row["org_id"] == given[0] and row["state"] == "PENDING"
    ]
    return sorted(found, key=lambda row: int(row["number"])), "SELECT"


def finish(work: Transaction, given: Sequence[Any]) -> Answer:
    """Answer a command, once."""
    row = work.get("commands", given[0])
    if row is not None and row["state"] == "PENDING":
        work.put(
            "commands", given[0], {**row, "state": given[1], "result": json_value(given[2]), "done_at": now()}
        )
        work.notices.append((commands.FINISHED, str(given[0])))
    return [], "SELECT"


def round_book(work: Transaction, given: Sequence[Any]) -> Answer:
    """The book a round was opened with."""
    row, session = work.get("rounds", (given[0], given[1])), work.get("sessions", given[0])
    if row is None or session is None or row["org_id"] != given[2]:
        return [], "SELECT 0"
    opening = row["opening"]
    return [{**_book(work, session), "as_of": row["as_of"], "portfolio": opening["portfolio"],
             "snapshot": opening["snapshot"], "marks": {}, "standing_hedge": None, "detail": None}], "SELECT 1"  # fmt: skip


def latest_book(work: Transaction, given: Sequence[Any]) -> Answer:
    """The book after the last record."""
    org, symbol, session_id = given
    found = []
    for session in work.rows("sessions").values():
        last = work.get("cycles", (session["id"], session["head_seq"]))
        named = session_id is None or session["id"] == session_id
        trades = symbol is None or symbol in (session["symbol"], session["hedge_symbol"])
        if session["org_id"] == org and last is not None and named and trades:
            told = json.loads(last["body"])
            detail = told["detail"]
            found.append(
                {
                    **_book(work, session),
                    "as_of": last["as_of"],
                    "portfolio": told["portfolio_after"],
                    "snapshot": told.get("snapshot"),
                    "marks": detail.get("marks"),
                    "standing_hedge": detail.get("standing_hedge"),
                    "detail": {name: detail.get(name) for name in ("sent", "latched", "instruments")},
                }
            )
    found.sort(key=lambda row: (row["status"] == "STOPPED", -row["as_of"].timestamp(), row["symbol"]))
    return found[:1], "SELECT"


def _book(work: Transaction, session: Row) -> Row:
    facts = {key: (work.get("floor_state", key) or {}).get("value") for key in ("config", "halt")}
    names = ("symbol", "hedge_symbol", "exchange", "timeframe", "source", "mode", "status")
    restricted = sorted(key[5:] for key in work.rows("floor_state") if key.startswith("halt:")) or None
    told = {name: session[name] for name in names}
    return {"session_id": session["id"], **told, **facts, "restricted": restricted}


def nothing(work: Transaction, given: Sequence[Any]) -> Answer:
    """SELECT 1."""
    return [{"one": 1}], "SELECT 1"


def no_seats(work: Transaction, given: Sequence[Any]) -> Answer:
    """No strategy of the registry has a seat here."""
    return [], "SELECT 0"


def no_model(work: Transaction, given: Sequence[Any]) -> Answer:
    """Nothing was learned of the voices here."""
    return [], "SELECT 0"


STATEMENTS = {
    sessions.CREATE: create,
    sessions.FIND: find,
    sessions.OPEN: open_sessions,
    sessions.ABANDON: abandon,
    sessions.SET_STATUS: set_status,
    "SELECT count(*) FROM sessions": count,
    "SELECT config FROM sessions WHERE id = $1": config,
    store.PENDING: pending,
    store.ROUNDS: rounds_done,
    store.LEG: order_of_leg,
    rounds.OPEN: open_round,
    rounds.POLLED: polled,
    rounds.INTERRUPTED: interrupted,
    "SELECT value FROM floor_state WHERE key = $1": get,
    "DELETE FROM floor_state WHERE key = $1": forget,
    state.PUT: put,
    agents.HEARTBEAT: heartbeat,
    commands.SUBMIT: submit,
    commands.PENDING: pending_commands,
    commands.FINISH: finish,
    session_books.OF_ROUND: round_book,
    session_books.LATEST: latest_book,
    seats.SEATED: no_seats,
    reading.PRODUCTION: no_model,
    "SELECT 1": nothing,
}
