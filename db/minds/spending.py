"""The money of models: reserved before a call, settled after it, all under the lock of the org's budget row.

A reservation that is never settled (its process died) stands at its upper bound. After ``LAPSE`` it is taken for spent at
that bound; a settlement that comes later still puts its real cost in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import asyncpg
import structlog

from db import feed
from db.pool import Connection, Row, fetch, retrying
from openoutcry.errors import BadInput
from openoutcry.ledger.announce import Event
from openoutcry.minds.budget import SAID, Asked, Level, Limits, Subject, Used, Verdict, decide
from openoutcry.settings import BudgetSettings
from openoutcry.types.amounts import plain

LAPSE = timedelta(minutes=10)
"""Longer than any call may take."""
KEEP_ROUNDS = timedelta(days=2)
Cached = Literal["none", "exact", "semantic"]
log = structlog.get_logger()
LIMITS = ("call", "round", "agent_day", "day", "org")
MAKE = "INSERT INTO model_budgets (org_id) VALUES ($1) ON CONFLICT DO NOTHING"
LOCK = f"""
SELECT {", ".join(LIMITS)}, level, level_day, clock_timestamp() AS now FROM model_budgets WHERE org_id = $1 FOR UPDATE
"""
KNOWN = "SELECT 1 FROM model_calls WHERE id = $1"
SUMS = "SELECT subject, spent, reserved FROM model_spending WHERE org_id = $1 AND subject = ANY($2::text[])"
STALE = """
UPDATE model_calls SET state = 'LAPSED', cost = reserved, settled_at = $2
WHERE org_id = $1 AND state = 'RESERVED' AND created_at < $3
RETURNING id, agent, day, session_id, seq, reserved
"""
ADD = """
INSERT INTO model_calls (id, org_id, session_id, seq, agent, model, prompt_hash, params, state, reserved, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'RESERVED', $9, $10)
"""
COUNT = """
INSERT INTO model_spending AS s (org_id, subject, day, spent, reserved)
SELECT $1, subject, day, $4, $5 FROM unnest($2::text[], $3::date[]) AS t (subject, day)
ON CONFLICT (org_id, subject) DO UPDATE SET spent = s.spent + $4, reserved = s.reserved + $5
"""
STEP = "UPDATE model_budgets SET level = $2, level_day = $3 WHERE org_id = $1"
FIND = (
    "SELECT agent, day, session_id, seq, reserved, cost, state FROM model_calls WHERE id = $1 AND org_id = $2"
)
SETTLE = """
UPDATE model_calls SET state = 'SETTLED', cost = $2, prompt_tokens = $3, cached_tokens = $4, completion_tokens = $5,
    latency_ms = $6, fault = $7, cache = $8, settled_at = clock_timestamp()
WHERE id = $1
"""
FORGET = "DELETE FROM model_spending WHERE org_id = $1 AND day < $2 AND subject LIKE 'round:%'"


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that an agent wants to make in a round (None outside of one)."""

    id: UUID
    agent: str
    model: str
    prompt_hash: str
    params: dict[str, Any]
    asked: Asked
    session_id: UUID | None
    seq: int | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a call. ``cost`` None: nobody knows, so its upper bound is taken. ``cache``: the floor answered itself."""

    cost: Decimal | None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    latency_ms: float | None = None
    fault: str | None = None
    cache: Cached = "none"


async def reserve(pool: asyncpg.Pool, org_id: UUID, wish: Wish, defaults: BudgetSettings) -> Verdict:
    """Reserve the upper bound of a call, or say why not. The same wish twice is one reservation."""

    async def work(connection: Connection) -> Verdict:
        row = await locked(connection, org_id)
        today = row["now"].date()
        before: Level = row["level"] if row["level_day"] == today else "full"
        if await connection.fetchval(KNOWN, wish.id):
            return Verdict(before)
        await lapse(connection, org_id, row["now"])
        names = subjects(wish.agent, today, wish.session_id, wish.seq)
        sums = {one["subject"]: one for one in await fetch(connection, SUMS, org_id, list(names.values()))}
        used = {
            kind: Used(sums[name]["spent"], sums[name]["reserved"])
            for kind, name in names.items()
            if name in sums
        }
        verdict = decide(limits_of(row, defaults), used, wish.asked, before, defaults)
        if verdict.level != row["level"] or row["level_day"] != today:
            await step(connection, org_id, row["level"], verdict.level, today, row["now"])
        if verdict.refused is None:
            bound = wish.asked.bound
            await connection.execute(
                ADD, wish.id, org_id, wish.session_id, wish.seq, wish.agent, wish.model, wish.prompt_hash, wish.params,
                bound, today,
            )  # fmt: skip
            await count(connection, org_id, names, today, Decimal(0), bound)
        return verdict

    return await retrying(pool, work)


async def settle(
    pool: asyncpg.Pool, org_id: UUID, call_id: UUID, agent: str, settlement: Settlement
) -> Decimal:
    """Put a call's cost in the place of its reservation; returns the cost. Settled once is settled.

    Raises BadInput when the agent never reserved this call.
    """

    async def work(connection: Connection) -> Decimal:
        await locked(connection, org_id)
        row = next(iter(await fetch(connection, FIND, call_id, org_id)), None)
        if row is None or row["agent"] != agent:
            raise BadInput("call_id: this agent reserved no such call", field="call_id")
        if row["state"] == "SETTLED":
            return Decimal(row["cost"])
        told = settlement
        cost: Decimal = row["reserved"] if told.cost is None else told.cost
        lapsed = row["state"] == "LAPSED"
        spent, reserved = (cost - row["cost"], Decimal(0)) if lapsed else (cost, -row["reserved"])
        await connection.execute(
            SETTLE, call_id, cost, told.prompt_tokens, told.cached_tokens, told.completion_tokens, told.latency_ms,
            told.fault, told.cache,
        )  # fmt: skip
        names = subjects(row["agent"], row["day"], row["session_id"], row["seq"])
        await count(connection, org_id, names, row["day"], spent, reserved)
        return cost

    return await retrying(pool, work)


async def locked(connection: Connection, org_id: UUID) -> Row:
    """The org's budget row, held until the transaction ends: one reservation or settlement at a time."""
    await connection.execute(MAKE, org_id)
    return (await fetch(connection, LOCK, org_id))[0]


async def lapse(connection: Connection, org_id: UUID, now: datetime) -> None:
    """Take reservations that nobody settled for spent."""
    for row in await fetch(connection, STALE, org_id, now, now - LAPSE):
        names = subjects(row["agent"], row["day"], row["session_id"], row["seq"])
        await count(connection, org_id, names, row["day"], row["reserved"], -row["reserved"])
        log.warning("model_call_lapsed", call=str(row["id"]), agent=row["agent"], cost=plain(row["reserved"]))


async def step(
    connection: Connection, org_id: UUID, old: Level, new: Level, today: date, now: datetime
) -> None:
    """Note the ladder's level, and announce it when it is another one. A new day forgets the sums of rounds long over."""
    await connection.execute(STEP, org_id, new, today)
    await connection.execute(FORGET, org_id, today - KEEP_ROUNDS)
    if new == old:
        return
    log.warning("models_level", level=new, before=old, meaning=SAID[new])
    data = {
        "status": "models_level",
        "message": f"Models: {SAID[new]}",
        "metadata": {"level": new, "before": old},
    }
    await feed.append_events(connection, org_id, (Event("system_status", data, now),))


async def count(
    connection: Connection,
    org_id: UUID,
    names: Mapping[Subject, str],
    day: date,
    spent: Decimal,
    reserved: Decimal,
) -> None:
    days = [None if kind == "org" else day for kind in names]
    await connection.execute(COUNT, org_id, list(names.values()), days, spent, reserved)


def subjects(agent: str, day: date, session_id: UUID | None, seq: int | None) -> dict[Subject, str]:
    """The sums that a call is part of, by what they limit."""
    found: dict[Subject, str] = {
        "agent_day": f"agent_day:{day}:{agent}",
        "day": f"day:{day}",
        "org": "org",
    }
    if session_id is not None:
        found["round"] = f"round:{session_id}:{seq}"
    return found


def limits_of(row: Row, defaults: BudgetSettings) -> Limits:
    """An org's limits: its own where it has some, else the configured ones."""
    return Limits(**{name: getattr(defaults, name) if row[name] is None else row[name] for name in LIMITS})
