"""Finding what a round is recomputed from in the ledger."""

from uuid import UUID

import asyncpg

from db import sessions
from db.pool import fetch
from db.records import record, records
from db.settings_told import settings_at
from openoutcry.errors import BadInput, LedgerBroken
from openoutcry.ledger.outcomes import Case, judging, rebuild
from openoutcry.settings import Settings
from openoutcry.strategy.seat import StrategySeat, sat
from openoutcry.types.record import CycleRecord
from orchestrator.replay import Recording

LAST_ROUND = "SELECT seq FROM cycles WHERE session_id = $1 AND kind = 'ROUND' ORDER BY seq DESC LIMIT 1"
ROUNDS = "SELECT seq FROM cycles WHERE session_id = $1 AND kind = 'ROUND' ORDER BY seq"
DECISION = "SELECT session_id, seq FROM decisions WHERE id::text = $1"
LATEST = "SELECT id FROM sessions WHERE head_seq > 0 ORDER BY started_at DESC, symbol LIMIT 1"
DEFINED = """
SELECT body::jsonb->'detail'->'definitions' AS told FROM cycles
WHERE session_id = $1 AND seq <= $2 AND strpos(body, '"definitions":[') > 0 ORDER BY seq DESC
"""
OPEN_THEN = """
SELECT seq FROM decisions
WHERE session_id = $1 AND seq < $2 AND (outcome_known_at IS NULL OR outcome_known_at >= $3) ORDER BY seq
"""


async def locate(pool: asyncpg.Pool, name: str) -> tuple[UUID, int]:
    """Session and number of the round that ``last``, a decision's id, or a number in the latest session names."""
    if row := await pool.fetchrow(DECISION, name):
        return row["session_id"], row["seq"]
    session_id = await latest_session(pool)
    if name == "last":
        seq = await pool.fetchval(LAST_ROUND, session_id)
        if seq is None:
            raise BadInput("the latest session has no round yet", field="decision")
        return session_id, seq
    if name.isdecimal() and len(name) < 12:
        return session_id, int(name)
    raise BadInput(
        f"{name!r} is neither `last`, a round's number, nor the id of a decision", field="decision"
    )


async def latest_session(pool: asyncpg.Pool) -> UUID:
    """The session that was started last. Raises BadInput when there is none."""
    session_id: UUID | None = await pool.fetchval(LATEST)
    if session_id is None:
        raise BadInput("there is no session yet; `outcry up` starts one", field="decision")
    return session_id


async def rounds_of(pool: asyncpg.Pool, session_id: UUID) -> list[int]:
    """The numbers of a session's rounds, in order."""
    return [row["seq"] for row in await pool.fetch(ROUNDS, session_id)]


async def load(pool: asyncpg.Pool, session_id: UUID, seq: int) -> Recording:
    """Everything the replay of one round needs. Raises BadInput when there is no such record."""
    found, previous = await record(pool, session_id, seq), await record(pool, session_id, seq - 1)
    stored = await sessions.find(pool, session_id)
    if found is None or previous is None or stored is None:
        raise BadInput(f"session {session_id} has no round {seq}", field="decision")
    opening, in_force = await settings_at(pool, session_id, 0), await settings_at(pool, session_id, seq)
    if opening is None or in_force is None:
        raise LedgerBroken(f"no record up to {seq} tells the settings")
    cases = await _cases(pool, session_id, found, opening)
    strategies = await _strategies(pool, session_id, found)
    return Recording(found, previous, stored.facts, in_force, opening, cases, strategies)


async def _strategies(pool: asyncpg.Pool, session_id: UUID, found: CycleRecord) -> tuple[StrategySeat, ...]:
    """Who of the registry sat in a round, each with the definition that the ledger told last for its hash.

    Raises LedgerBroken when it never told one.
    """
    wanted, known = sat(found.detail), dict[str, StrategySeat]()
    if wanted:
        for row in await fetch(pool, DEFINED, session_id, found.seq):
            for one in row["told"] or ():
                seat = StrategySeat.model_validate(one)
                now = wanted.get(seat.agent)
                if now is not None and (seat.id, seat.hash) == (now.id, now.hash):
                    fresh = {"weight": now.weight, "version": now.version}
                    known.setdefault(seat.agent, seat.model_copy(update=fresh))
    if missing := sorted(wanted.keys() - known.keys()):
        raise LedgerBroken(f"no record up to {found.seq} defines the strategy {missing[0]}")
    return tuple(known[agent] for agent in sorted(known))


async def _cases(
    pool: asyncpg.Pool, session_id: UUID, found: CycleRecord, opening: Settings
) -> tuple[Case, ...]:
    """The decisions that were still open when ``found`` was made."""
    pending = [row["seq"] for row in await pool.fetch(OPEN_THEN, session_id, found.seq, found.as_of)]
    if not pending:
        return ()
    before: list[CycleRecord] = []
    async for earlier in records(pool, session_id, pending[0]):
        if earlier.seq >= found.seq:
            break
        before.append(earlier)
    return rebuild(before, judging(opening), frozenset(pending))
