"""The debated rounds of an org, for telling what debates did."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import fetch
from db.reads.hindsight import prices_of
from openoutcry.learning.rebuttals import Effect, Pair, effects, pairs_of
from openoutcry.ledger.chain import record_of
from openoutcry.ledger.outcomes import judging
from openoutcry.settings import Settings
from openoutcry.types.timeframes import bar_length

SESSIONS = "SELECT id, timeframe, config FROM sessions WHERE org_id = $1 ORDER BY id"
DEBATED = """
SELECT seq, body FROM cycles
WHERE session_id = $1 AND seq > $2 AND as_of <= $3 AND (strpos(body, '"debate":{') > 0 OR strpos(body, '"settings":{') > 0)
ORDER BY seq LIMIT $4
"""
AT_ONCE = 200


async def debate_effects(pool: asyncpg.Pool, org_id: UUID, as_of: datetime) -> tuple[Effect, ...]:
    """What the debates by ``as_of`` did to votes and decisions, judged by the prices seen by then; nothing without one."""
    pairs: list[Pair] = []
    firsts: dict[UUID, int] = {}
    for session in await fetch(pool, SESSIONS, org_id):
        async for seq, found in _session(pool, session["id"], session["timeframe"], session["config"], as_of):
            firsts.setdefault(session["id"], seq)
            pairs += found
    return effects(pairs, await prices_of(pool, firsts, as_of))


async def _session(
    pool: asyncpg.Pool, session: UUID, timeframe: str, config: object, as_of: datetime
) -> AsyncIterator[tuple[int, tuple[Pair, ...]]]:
    """The debated rounds of a session, each counted under the settings that were in force in it."""
    settings, last = Settings.model_validate(config), -1
    rule, bar = judging(settings), bar_length(timeframe)
    while rows := await fetch(pool, DEBATED, session, last, as_of, AT_ONCE):
        for row in rows:
            record, last = record_of(row["body"]), row["seq"]
            if (told := record.detail.get("settings")) is not None:
                settings = Settings.model_validate(told)
            if found := pairs_of(record, session, bar, rule, settings):
                yield last, found
