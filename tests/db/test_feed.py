"""Events are numbered in commit order without gaps, and followers miss none, whatever happens to the connection."""

import asyncio
import random
from uuid import UUID

from db import feed
from db.listening import Listening
from db.pool import retrying
from openoutcry.ledger.announce import Event
from tests.factories import ORG, START

OTHER_ORG = UUID(int=77)


def events(*names) -> tuple[Event, ...]:
    return tuple(Event("system_status", {"name": name}, START) for name in names)


async def say(pool, *names, org=ORG) -> None:
    await retrying(pool, lambda connection: feed.append_events(connection, org, events(*names)))


async def test_numbers_have_no_gaps_though_writers_race_and_fail(pool):
    rng = random.Random(1)

    async def writer(number: int) -> None:
        async def work(connection) -> None:
            await feed.append_events(connection, ORG, events(f"{number}a", f"{number}b"))
            await asyncio.sleep(rng.random() / 50)
            if number % 3 == 0:
                raise ValueError("changed my mind")

        await retrying(pool, work)

    await asyncio.gather(*(writer(number) for number in range(30)), return_exceptions=True)
    heard = await feed.after(pool, ORG, 0)
    assert [event.seq for event in heard] == list(range(1, 41))
    names = [event.data["name"] for event in heard]
    assert all(a[:-1] == b[:-1] for a, b in zip(names[::2], names[1::2], strict=True))


async def test_each_org_counts_for_itself(pool):
    await pool.execute("INSERT INTO orgs VALUES ($1, 'other')", OTHER_ORG)
    await say(pool, "a", "b")
    await say(pool, "c", org=OTHER_ORG)
    assert await feed.head(pool, ORG) == 2
    assert [(e.seq, e.data["name"]) for e in await feed.after(pool, OTHER_ORG, 0)] == [(1, "c")]
    assert await feed.head(pool, UUID(int=9)) == 0


async def test_a_follower_misses_nothing_when_its_connection_is_cut(pool, fresh_database):
    heard: list[str] = []

    async def follow(listening) -> None:
        async for event in feed.follow(pool, listening, ORG, 0):
            heard.append(event.data["name"])
            if event.data["name"] == "last":
                return

    await say(pool, "before")
    async with Listening(fresh_database) as listening:
        following = asyncio.create_task(follow(listening))
        for number in range(6):
            await say(pool, f"n{number}")
            if number % 2:
                await pool.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name <> 'open-outcry'"
                )
            await asyncio.sleep(0.05)
        await say(pool, "last")
        await asyncio.wait_for(following, 10)
    assert heard == ["before", *(f"n{number}" for number in range(6)), "last"]


async def test_old_events_are_forgotten(pool):
    await say(pool, *(str(number) for number in range(10)))
    await pool.execute("UPDATE event_counters SET last_seq = $1 WHERE org_id = $2", feed.KEEP + 2, ORG)
    await say(pool, "a", "b")
    kept = await feed.after(pool, ORG, 0)
    assert [event.seq for event in kept] == [1, 2, *range(5, 11), feed.KEEP + 3, feed.KEEP + 4]


async def test_nothing_to_say_takes_no_number(pool):
    await say(pool)
    assert await feed.head(pool, ORG) == 0
