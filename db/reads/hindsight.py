"""Agents' own votes and the prices their sessions saw afterwards, for judging them alone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.pool import Row, fetch
from openoutcry.learning.climate import Climate, climate
from openoutcry.ledger.outcomes import judging
from openoutcry.settings import Settings
from openoutcry.types.timeframes import bar_length
from openoutcry.voting.hindsight import Judged, Said, judge

DIRECTIONAL = """
SELECT v.agent_name, v.session_id, v.seq, v.action, v.confidence, v.horizon_bars, v.created_at,
       v.model, d.source, (d.context->>'price')::float8 AS price
FROM votes v JOIN decisions d ON d.id = v.decision_id
WHERE v.org_id = $1 AND ($2::text[] IS NULL OR v.agent_name = ANY($2)) AND v.action IN ('BUY', 'SELL', 'HOLD')
  AND v.created_at <= $3 AND v.created_at >= $4
ORDER BY v.created_at DESC, v.session_id, v.agent_name LIMIT $5
"""
PRICES = """
SELECT created_at, (context->>'price')::float8 AS price FROM decisions
WHERE session_id = $1 AND seq >= $2 AND created_at <= $3 AND context->>'price' IS NOT NULL ORDER BY seq
"""
RECORDS = """
SELECT seq, body FROM cycles WHERE session_id = $1 AND seq >= $2 AND as_of <= $3 AND kind = 'ROUND' ORDER BY seq LIMIT $4
"""
AT_ONCE = 500
SESSIONS = "SELECT id, timeframe, config FROM sessions WHERE id = ANY($1)"
CALLS = """
SELECT count(*) AS votes, count(*) FILTER (WHERE action = 'ABSTAIN') AS abstained,
       count(*) FILTER (WHERE action NOT IN ('ABSTAIN', 'BUY', 'SELL', 'HOLD')) AS without_direction
FROM votes WHERE org_id = $1 AND agent_name = $2 AND created_at <= $3
"""
WEIGHTS = """
SELECT created_at AS at, session_id, seq, weight FROM (
    SELECT created_at, session_id, seq, weight,
           lag(weight) OVER (PARTITION BY session_id ORDER BY seq) AS before
    FROM votes WHERE org_id = $1 AND agent_name = $2 AND created_at <= $3 AND action <> 'ABSTAIN'
) weighed WHERE before IS DISTINCT FROM weight ORDER BY at DESC, session_id LIMIT $4
"""
MOST_WEIGHTS = 500


class _Featured(msgspec.Struct):
    """Of a record's body only this."""

    features: dict[str, float | None]


FEATURED = msgspec.json.Decoder(_Featured)
BEGINNING = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


async def judged_votes(
    pool: asyncpg.Pool,
    org_id: UUID,
    agents: Sequence[str] | None,
    *,
    as_of: datetime,
    most: int,
    since: datetime = BEGINNING,
    markets: bool = False,
) -> tuple[list[Judged], int]:
    """The newest ``most`` directional votes of these agents (all: None) as they stood at ``as_of``: judged, and how many
    were pending. Nothing after ``as_of`` is looked at. With ``markets`` each knows the climate it was said in, which takes
    reading every round's record.
    """
    wanted = None if agents is None else list(agents)
    rows = await fetch(pool, DIRECTIONAL, org_id, wanted, as_of, since, most)
    firsts: dict[UUID, int] = {}
    for row in rows:
        firsts[row["session_id"]] = min(row["seq"], firsts.get(row["session_id"], row["seq"]))
    sessions = {row["id"]: row for row in await fetch(pool, SESSIONS, list(firsts))}
    prices = await prices_of(pool, firsts, as_of)
    rules = {session: _rule(row) for session, row in sessions.items()}
    there: dict[tuple[UUID, int], Climate] = {}
    for session, first in firsts.items() if markets else ():
        async for seq, market in _markets(pool, session, first, as_of):
            there[session, seq] = market
    return judge(
        [
            _said(row, there.get((row["session_id"], row["seq"]), "unknown"), rules[row["session_id"]])
            for row in rows
        ],
        prices,
    )


async def prices_of(
    pool: asyncpg.Pool, firsts: Mapping[UUID, int], as_of: datetime
) -> dict[UUID, list[tuple[datetime, float]]]:
    """What each session saw from its round in ``firsts`` on until ``as_of``, oldest first."""
    return {
        session: [
            (row["created_at"], float(row["price"]))
            for row in await fetch(pool, PRICES, session, first, as_of)
        ]
        for session, first in firsts.items()
    }


async def _markets(
    pool: asyncpg.Pool, session: UUID, first: int, as_of: datetime
) -> AsyncIterator[tuple[int, Climate]]:
    """The climate of each round of a session from ``first`` on: from its record, a few at a time."""
    while rows := await fetch(pool, RECORDS, session, first, as_of, AT_ONCE):
        for row in rows:
            yield row["seq"], climate(FEATURED.decode(row["body"]).features)
        first = rows[-1]["seq"] + 1


async def calls(pool: asyncpg.Pool, org_id: UUID, agent: str, as_of: datetime) -> Row:
    """How often an agent was asked by ``as_of``: ``votes``, of them ``abstained`` and ``without_direction``."""
    (row,) = await fetch(pool, CALLS, org_id, agent, as_of)
    return row


async def weight_history(pool: asyncpg.Pool, org_id: UUID, agent: str, as_of: datetime) -> list[Row]:
    """What the agent weighed in the rounds, newest first, each time it changed: ``at``, ``session_id``, ``seq``, ``weight``."""
    return await fetch(pool, WEIGHTS, org_id, agent, as_of, MOST_WEIGHTS)


def _rule(session: Row) -> dict[str, Any]:
    rule = judging(Settings.model_validate(session["config"]))
    return {"bar": bar_length(session["timeframe"]), "cost": float(rule.cost), "calm": float(rule.calm)}


def _said(row: Row, market: Climate, rule: dict[str, Any]) -> Said:
    return Said(
        agent=row["agent_name"],
        session=row["session_id"],
        at=row["created_at"],
        action=row["action"],
        confidence=float(row["confidence"]),
        price=row["price"],
        horizon_bars=row["horizon_bars"],
        market=market,
        mind=row["model"],
        source=row["source"],
        **rule,
    )
