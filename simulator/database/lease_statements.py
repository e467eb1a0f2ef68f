"""Statements of leases and of the kill switch."""

from collections.abc import Sequence
from typing import Any

from db import halting, leases
from simulator.database.tables import Row, Transaction
from simulator.database.values import json_value, now

Answer = tuple[list[Row], str]


def held(work: Transaction, name: str, token: int) -> bool:
    """Whether a lease is held under this token."""
    row = work.get("leases", name)
    return row is not None and row["token"] == token


def take(work: Transaction, given: Sequence[Any]) -> Answer:
    """Take a lease that is free, has run out, or whose holder's connection is gone."""
    name, holder, good_for = given
    row = work.get("leases", name)
    if row is not None:
        process = work.backends.get(row["backend"])
        alive = process is not None and process.alive
        if alive and row["expires_at"] > now():
            return [], "INSERT 0 0"
    token = 1 if row is None else row["token"] + 1
    made = {
        "name": name,
        "holder": holder,
        "token": token,
        "backend": work.backend,
        "expires_at": now() + good_for,
    }
    work.put("leases", name, made)
    return [{"token": token}], "INSERT 0 1"


def renew(work: Transaction, given: Sequence[Any]) -> Answer:
    """Renew those that are still held."""
    names, tokens, good_for = given
    kept = [name for name, token in zip(names, tokens, strict=True) if held(work, name, token)]
    for name in kept:
        row = {**work.rows("leases")[name], "expires_at": now() + good_for, "backend": work.backend}
        work.put("leases", name, row)
    return [{"name": name} for name in kept], f"UPDATE {len(kept)}"


def release(work: Transaction, given: Sequence[Any]) -> Answer:
    """Let go."""
    for name, token in zip(*given, strict=True):
        if held(work, name, token):
            work.put("leases", name, {**work.rows("leases")[name], "expires_at": now()})
    return [], "UPDATE"


def holder(work: Transaction, given: Sequence[Any]) -> Answer:
    """Who has it."""
    row = work.get("leases", given[0])
    return ([] if row is None else [{"holder": row["holder"]}]), "SELECT"


def still(work: Transaction, given: Sequence[Any]) -> Answer:
    """Those that are held under the tokens shown."""
    found = sorted(name for name, token in zip(*given, strict=True) if held(work, name, token))
    return [{"name": name} for name in found], "SELECT"


def throw(work: Transaction, given: Sequence[Any]) -> Answer:
    """Halt; the first throw stands, a later one can only add that everything be closed."""
    key, value = given[0], json_value(given[1])
    row = work.get("floor_state", key)
    if row is not None:
        if not value["flatten"] or row["value"]["flatten"]:
            return [], "SELECT 0"
        value = {**row["value"], "flatten": True, "swept": False}
    work.put("floor_state", key, {"key": key, "value": value, "updated_at": now()})
    if work.get("floor_state", given[2]) is None:
        work.put(
            "floor_state", given[2], {"key": given[2], "value": json_value(given[3]), "updated_at": now()}
        )
    work.notices.append((halting.CHANNEL, key))
    return [{"value": value}], "SELECT 1"


def take_untold(work: Transaction, given: Sequence[Any]) -> Answer:
    """Take the events of halts that wait to be told."""
    found = [row for key, row in work.rows("floor_state").items()
             if key.startswith(f"{halting.UNTOLD}:") and row["value"]["org_id"] == given[0]]  # fmt: skip
    for row in found:
        work.put("floor_state", row["key"], None)
    return [
        {"value": row["value"]} for row in sorted(found, key=lambda row: str(row["value"]["at"]))
    ], "SELECT"


def stands(work: Transaction, given: Sequence[Any]) -> Answer:
    """Whether it is this very halt that holds."""
    row = work.get("floor_state", given[0])
    return ([] if row is None else [{"?column?": row["value"] == json_value(given[1])}]), "SELECT"


def unhalt(work: Transaction, given: Sequence[Any]) -> Answer:
    """Release."""
    row = work.get("floor_state", given[0])
    if row is None:
        return [], "SELECT 0"
    work.put("floor_state", given[0], None)
    work.notices.append((halting.CHANNEL, given[0]))
    return [{"value": row["value"]}], "SELECT 1"


def standing(work: Transaction, given: Sequence[Any]) -> Answer:
    """The halts that hold."""
    every = halting.EVERYTHING
    found = [{"key": key, "value": row["value"]} for key, row in sorted(work.rows("floor_state").items())
             if key == every or key.startswith(f"{every}:")]  # fmt: skip
    return found, "SELECT"


def swept(work: Transaction, given: Sequence[Any]) -> Answer:
    """What a halt wanted done was done."""
    row = work.get("floor_state", given[0])
    if row is None or row["value"]["flatten"] is not (given[1] == "true"):
        return [], "UPDATE 0"
    work.put("floor_state", given[0], {**row, "value": {**row["value"], "swept": True}})
    return [], "UPDATE 1"


STATEMENTS = {
    leases.TAKE: take,
    leases.RENEW: renew,
    leases.RELEASE: release,
    leases.HOLDER: holder,
    leases.HELD: still,
    halting.THROW: throw,
    halting.TAKE_UNTOLD: take_untold,
    halting.RELEASE: unhalt,
    halting.STANDS: stands,
    halting.STANDING: standing,
    halting.SWEPT: swept,
}
