"""Which session a call is about: one of the caller's org, by its name or because it is the only one."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from db import sessions
from db.identity import orgs
from db.pool import open_pool
from mcp_servers.execution import lookup
from mcp_servers.execution.lookup import KnownSessions
from openoutcry.errors import BadInput
from tests.mcp_servers.execution.floor import SETTINGS, facts
from tests.mcp_servers.execution.venue import SESSION
from wire.config import DEFAULT_ORG

SECOND = "7b1c2f1e-4a43-5d4b-8a53-0d3a7c9a1f10"


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(fresh_database)
    await sessions.create(opened, facts(), "tests", SETTINGS)
    yield opened
    await opened.close()


async def test_a_session_is_its_orgs_and_what_it_was_opened_with_is_kept(pool: asyncpg.Pool) -> None:
    known = KnownSessions(pool)
    other = str((await orgs.add(pool, "other", "basic")).id)
    for _ in range(2):  # the second time it is known
        assert await known.facts(SESSION, DEFAULT_ORG) == facts()
        with pytest.raises(BadInput, match="there is no session") as refused:
            await known.facts(SESSION, other)
        assert refused.value.field == "session_id"
    assert await known.facts(SESSION, DEFAULT_ORG) is await known.facts(SESSION.upper(), DEFAULT_ORG)
    for ask in (known.facts, known.stored):
        with pytest.raises(BadInput, match="there is no session"):
            await ask(SECOND, DEFAULT_ORG)
        with pytest.raises(BadInput, match="not a session id") as malformed:
            await ask("x", DEFAULT_ORG)
        assert malformed.value.field == "session_id"
    with pytest.raises(BadInput):
        await known.stored(SESSION, other)


async def test_the_only_one_that_runs_is_meant_when_none_is_named(pool: asyncpg.Pool) -> None:
    known = KnownSessions(pool)
    assert (await known.meant(None, DEFAULT_ORG)).facts == facts()
    second = facts(SECOND).model_copy(update={"symbol": "ETH/USDT"})
    await sessions.create(pool, second, "tests", SETTINGS)
    with pytest.raises(BadInput, match="several sessions are running") as several:
        await known.meant(None, DEFAULT_ORG)
    assert several.value.field == "session_id"
    assert (await known.meant(SECOND, DEFAULT_ORG)).facts == second
    await pool.execute("UPDATE sessions SET status = 'STOPPED' WHERE id = $1", UUID(SECOND))
    assert (await known.meant(None, DEFAULT_ORG)).facts == facts()
    assert (await known.meant(SECOND, DEFAULT_ORG)).facts == second
    await pool.execute("UPDATE sessions SET status = 'STOPPED'")
    with pytest.raises(BadInput, match="no session is running"):
        await known.meant(None, DEFAULT_ORG)


async def test_a_database_that_is_away_is_waited_for(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError("longer than anybody waits")

    monkeypatch.setattr(lookup, "retrying", away)
    with pytest.raises(ConnectionError):
        await KnownSessions(pool).facts(SESSION, DEFAULT_ORG)
