"""Leases: one holder at a time, tokens that only grow, ghosts that find out."""

import asyncio

import asyncpg
import pytest

from db import commands, halting, rounds, sessions
from db.leases import ORCHESTRATOR, Leases, must_hold, still_held
from openoutcry.canonical import derived_id
from openoutcry.errors import Fenced
from openoutcry.types.commands import PauseSession
from openoutcry.types.fence import Fence
from orchestrator.store import News, Store
from tests.factories import ORG, SETTINGS, START, Session

KILL = "SELECT pg_terminate_backend(backend_pid) FROM leases WHERE name = $1"


async def test_p6_one_of_two_holds_and_the_token_grows(pool, fresh_database):
    async with Leases.opened(fresh_database, "first") as first:
        fence = await first.take("account:1")
        assert (fence, await first.take("account:1")) == (Fence(name="account:1", token=1), fence)
        async with Leases.opened(fresh_database, "second") as second:
            assert (await second.take("account:2")).token == 1
            with pytest.raises(Fenced, match="held by first"):
                await second.take("account:1")
            await still_held(pool, (fence, await second.take("account:2")))
    async with Leases.opened(fresh_database, "second") as second:
        assert (await second.take("account:1")).token == 2  # let go of at once
    with pytest.raises(Fenced, match="account:1: taken by another"):
        await still_held(pool, (fence,))


async def test_p6_a_holder_that_stops_renewing_is_replaced_and_finds_out(pool, fresh_database):
    ghost = Leases(fresh_database, "ghost", good_for_s=0.2)  # nobody renews it, as when it is stopped
    fence = await ghost.take("account:1")
    async with Leases.opened(fresh_database, "replacement", good_for_s=0.2) as replacement:
        taken = await replacement.wait_for("account:1", 5)
        assert taken.token == 2
        with pytest.raises(Fenced):
            await still_held(pool, (fence,))
        await ghost._renew()  # awake again: its own renewal tells it
        with pytest.raises(Fenced, match="held by replacement"):
            await ghost.take("account:1")
        await asyncio.sleep(0.5)  # renewed, not run out
        await still_held(pool, (taken,))
    await ghost._let_go()


async def test_p8_a_holder_whose_connection_was_cut_keeps_its_lease_when_nobody_took_it(pool, fresh_database):
    async with Leases.opened(fresh_database, "first", good_for_s=0.3) as first:
        fence = await first.take("account:1")
        await pool.fetchval(KILL, "account:1")
        await asyncio.sleep(0.5)
        await still_held(pool, (fence,))
        assert await first.take("account:1") == fence


async def test_a_killed_holder_is_replaced_at_once(pool, fresh_database):
    async with Leases.opened(fresh_database, "killed", good_for_s=60) as killed:
        await killed.take("account:1")
        await pool.fetchval(KILL, "account:1")
        async with Leases.opened(fresh_database, "replacement") as replacement:
            assert (await replacement.wait_for("account:1", 5)).token == 2


async def test_a_lease_shown_in_a_transaction_cannot_be_taken_until_it_ends(pool, fresh_database):
    ghost = Leases(fresh_database, "ghost", good_for_s=0.01)
    fence = await ghost.take("account:1")
    await asyncio.sleep(0.05)
    async with Leases.opened(fresh_database, "replacement") as replacement:
        async with pool.acquire() as connection, connection.transaction():
            await must_hold(connection, (fence,))
            taking = asyncio.create_task(replacement.take("account:1"))
            await asyncio.sleep(0.1)
            assert not taking.done()
        assert (await taking).token == 2
    await ghost._let_go()


async def test_an_order_row_needs_an_approval_of_its_own(pool):
    with pytest.raises(asyncpg.PostgresError, match="no approval"):
        await pool.execute(
            "INSERT INTO orders (id, org_id, session_id, seq, leg, client_order_id, symbol, exchange, side, type, status,"
            " quantity, time_in_force, reduce_only, reason, created_at, updated_at) SELECT gen_random_uuid(), o.id,"
            " gen_random_uuid(), 1, 'entry', 'oo-x', 'BTC/USDT', 'PAPER', 'BUY', 'MARKET', 'SENT', 1, 'GTC', false, '',"
            " now(), now() FROM orgs o"
        )


async def test_p6_who_was_replaced_in_one_place_gives_up_everything_at_once(pool, fresh_database):
    ghost = Leases(fresh_database, "ghost", good_for_s=0.2)  # stopped: nobody renews it
    await ghost.take("execution")
    fence = await ghost.take("account:1")
    async with Leases.opened(fresh_database, "replacement") as replacement:
        await replacement.wait_for("execution", 5)
        await ghost._renew()  # it wakes; nobody has taken its account yet
        assert ghost.superseded.is_set()
        with pytest.raises(Fenced, match="held by replacement"):
            await ghost.take("execution")
        assert (
            await replacement.take("account:1")
        ).token == fence.token + 1  # without waiting for the ghost's end
    await ghost._let_go()


async def test_a_lease_that_is_given_back_is_free_at_once(fresh_database):
    async with (
        Leases.opened(fresh_database, "first") as first,
        Leases.opened(fresh_database, "next") as following,
    ):
        fence = await first.take("orchestrator")
        await first.let_go("orchestrator")
        assert (await following.take("orchestrator")).token == fence.token + 1


STANDS = """
SELECT (SELECT array_agg(status ORDER BY id) FROM sessions) AS sessions,
       (SELECT array_agg(state || coalesce(ballots, '') ORDER BY seq) FROM rounds) AS rounds,
       (SELECT array_agg(key || value ORDER BY key) FROM floor_state) AS state,
       (SELECT array_agg(state ORDER BY number) FROM commands) AS commands
"""


@pytest.mark.parametrize(
    "deed", ["open session", "round", "ballots", "pause", "abandon", "clock", "config", "swept", "answer", "unreadable"]
)  # fmt: skip
async def test_p6_p12_an_orchestrator_that_wakes_after_another_took_the_floor_writes_nothing(
    pool, fresh_database, tmp_path, deed
):
    """It was stopped right before the deed; whoever holds the lease now may do the same."""
    session = Session(seed=7)
    facts, first = session.facts, session.run(1, extras=False)[1]
    other = facts.model_copy(update={"session_id": derived_id(facts.session_id, "other")})
    opening = (facts, 1, first.as_of, first.snapshot, first.portfolio_before)
    await sessions.create(pool, facts, "run", SETTINGS)
    await rounds.open_round(pool, *opening)
    await halting.throw(pool, ORG, reason="drill", by="me", source="cli", at=START)
    asked = await commands.submit(pool, ORG, PauseSession(session_id=str(facts.session_id)), "me")
    if deed == "unreadable":
        await pool.execute("UPDATE commands SET body = '{}'")

    async def does(fence: Fence) -> None:
        store = Store(pool, tmp_path, ORG, fence, News(*(asyncio.Event() for _ in range(4))))
        deeds = {
            "open session": lambda: store.create_session(other, "run", SETTINGS),
            "round": lambda: store.open_round(facts, 2, *opening[2:]),
            "ballots": lambda: store.save_ballots(facts.session_id, 1, first.ballots),
            "pause": lambda: store.set_paused(facts.session_id, True),
            "abandon": lambda: store.abandon_session(facts.session_id),
            "clock": lambda: store.set_clock(START, "live"),
            "config": lambda: store.add_config({"max_positions": 2}),
            "swept": lambda: store.swept(None, flatten=False),
            "answer": lambda: store.finish_command(asked, "DONE", {}),
            "unreadable": store.pending_commands,
        }
        await deeds[deed]()

    async with Leases.opened(fresh_database, "replacement") as leases:
        mine = await leases.take(ORCHESTRATOR)
        before = await pool.fetchrow(STANDS)
        with pytest.raises(Fenced, match="taken by another"):
            await does(mine.model_copy(update={"token": mine.token - 1}))
        assert await pool.fetchrow(STANDS) == before
        await does(mine)
        assert await pool.fetchrow(STANDS) != before
