"""Rounds in progress: what a restart needs to complete one, and where servers read its portfolio.

The commits here are asynchronous: whatever a round does outside the database follows a later, durable commit,
which carries these with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from db.leases import ONE_HOLDS, only, shown_one, still_held
from db.pool import ASYNC_COMMIT, Connection, retrying
from openoutcry.errors import LedgerBroken
from openoutcry.learning.learned import Learned
from openoutcry.ledger.facts import SessionFacts
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.book import Portfolio
from openoutcry.types.fence import Fence
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Ballot

OPEN = f"""
WITH soon AS ({ASYNC_COMMIT}), held AS (SELECT WHERE {ONE_HOLDS.format(name="$9", token="$10")}), clock AS (
    INSERT INTO floor_state (key, value) SELECT 'clock', $7 FROM held
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
)
INSERT INTO rounds (session_id, seq, org_id, as_of, state, opening)
SELECT $1, $2, $3, $4, 'OPEN', jsonb_build_object('snapshot', $5::text::jsonb, 'portfolio', $6::text::jsonb) || $8
FROM soon, held
ON CONFLICT (session_id, seq) DO UPDATE SET as_of = excluded.as_of, opening = excluded.opening
    WHERE rounds.state IN ('OPEN', 'POLLED')
RETURNING ballots
"""
POLLED = f"""
WITH soon AS ({ASYNC_COMMIT}), held AS (SELECT WHERE {ONE_HOLDS.format(name="$4", token="$5")})
UPDATE rounds SET state = 'POLLED', ballots = $3 FROM soon, held
WHERE session_id = $1 AND seq = $2 AND state IN ('OPEN', 'POLLED')
"""
INTERRUPTED = """
SELECT session_id, seq, as_of, state, ballots, opening->'snapshot' <> 'null'::jsonb AS looked,
       coalesce(opening->'strategies', '[]') AS strategies, opening->'learned' AS learned FROM rounds
WHERE session_id = $1 AND state IN ('OPEN', 'POLLED') ORDER BY seq
"""
BALLOTS = TypeAdapter(tuple[Ballot, ...])


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A round that began and has no record. ``ballots`` are None when it had not cast them; ``looked`` tells a round
    from a manual record; ``strategies`` are those of the registry that had a seat in it, ``learned`` how far its voices
    are believed.
    """

    session_id: UUID
    seq: int
    as_of: datetime
    state: Literal["OPEN", "POLLED"]
    ballots: tuple[Ballot, ...] | None
    looked: bool
    strategies: tuple[StrategySeat, ...]
    learned: Learned | None = None


async def open_round(
    pool: asyncpg.Pool,
    facts: SessionFacts,
    seq: int,
    as_of: datetime,
    snapshot: Snapshot | None,
    portfolio: Portfolio,
    strategies: tuple[StrategySeat, ...] = (),
    learned: Learned | None = None,
    fence: Fence | None = None,
) -> tuple[Ballot, ...] | None:
    """Note that a round began, and set the floor clock to its ``as_of``.

    Returns the ballots of an interrupted first attempt, if those had been cast. Raises LedgerBroken when the
    round already ended, Fenced when ``fence``, the lease it is opened under, was taken by another.
    """
    clock = {"as_of": as_of.isoformat(), "source": facts.source}

    async def work(connection: Connection) -> asyncpg.Record | None:
        return await connection.fetchrow(
            OPEN,
            facts.session_id,
            seq,
            facts.org_id,
            as_of,
            "null" if snapshot is None else snapshot.model_dump_json(),
            portfolio.model_dump_json(),
            clock,
            _beside(strategies, learned),
            *shown_one(fence),
        )

    row = await retrying(pool, work, begin=False)
    if row is None:
        await still_held(pool, only(fence))
        raise LedgerBroken(f"round {seq} of session {facts.session_id} has already ended")
    return _ballots(row["ballots"])


async def save_ballots(
    pool: asyncpg.Pool, session_id: UUID, seq: int, ballots: tuple[Ballot, ...], fence: Fence | None = None
) -> None:
    """Keep the ballots of a round before anything irrevocable follows from them.

    Raises LedgerBroken when the round is not open, Fenced when ``fence`` was taken by another.
    """
    cast = BALLOTS.dump_json(ballots).decode()

    async def work(connection: Connection) -> str:
        done: str = await connection.execute(POLLED, session_id, seq, cast, *shown_one(fence))
        return done

    if await retrying(pool, work, begin=False) != "UPDATE 1":
        await still_held(pool, only(fence))
        raise LedgerBroken(f"round {seq} of session {session_id} is not open")


async def interrupted(pool: asyncpg.Pool, session_id: UUID) -> list[Interrupted]:
    """The rounds of a session that began and did not end, oldest first."""
    found = await pool.fetch(INTERRUPTED, session_id)
    return [
        Interrupted(
            row["session_id"],
            row["seq"],
            row["as_of"],
            row["state"],
            _ballots(row["ballots"]),
            bool(row["looked"]),
            tuple(StrategySeat.model_validate(seat) for seat in row["strategies"]),
            None if row["learned"] is None else Learned.model_validate(row["learned"]),
        )
        for row in found
    ]


def _beside(strategies: tuple[StrategySeat, ...], learned: Learned | None) -> dict[str, Any]:
    seated = [seat.model_dump(mode="json") for seat in strategies]
    known = {} if learned is None else {"learned": learned.model_dump(mode="json")}
    return ({"strategies": seated} if seated else {}) | known


def _ballots(cast: str | None) -> tuple[Ballot, ...] | None:
    return None if cast is None else BALLOTS.validate_json(cast)
