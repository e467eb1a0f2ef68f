"""A9: haste is refused by 429 with Retry-After, whichever of the API's processes is asked."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import websockets

from api.haste import CLASSES, Limits, read_proxies
from api.throttle import Rate
from db.identity import users
from tests.api.conftest import PLENTY, TOKENS, world_on
from tests.api.test_errors import is_error

SLOW = 0.02
PASSWORD = "a long enough password"


@asynccontextmanager
async def two(url, limits):
    """Two processes' worth of API on one database."""
    async with world_on(url, limits) as one, world_on(url, limits) as other:
        yield one, other


async def turns(number, *clients_and_calls):
    """The answers of ``number`` calls, turn by turn."""
    return [await clients_and_calls[i % len(clients_and_calls)]() for i in range(number)]


def refused(answers, allowed):
    """The answers that came too soon: all but ``allowed``, each saying when to return."""
    late = [answer for answer in answers if answer.status_code == 429]
    assert len(answers) - len(late) == allowed, [answer.status_code for answer in answers]
    for answer in late:
        assert int(answer.headers["retry-after"]) >= 1
    return late


async def test_a9_a_person_s_limit_is_one_whatever_process_and_token(fresh_database):
    limits = Limits(Rate(SLOW, 5), Rate(1e5, 100_000), PLENTY.classes)
    async with two(fresh_database, limits) as (one, other):
        await users.add(one.pool, users.NewUser("ann", PASSWORD, "trader"))
        async with one.client(None) as here, other.client(None) as there:
            form = {"username": "ann", "password": PASSWORD}
            tokens = [(await c.post("/token", data=form)).json()["access_token"] for c in (here, there)]
            first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
            answers = await turns(
                9,
                lambda: here.get("/api/v1/orders", headers=first),
                lambda: there.get("/api/v1/orders", headers=second),
            )
            assert refused(answers, 5)


async def test_a9_guessing_a_password_locks_it_in_every_process(fresh_database):
    async with two(fresh_database, PLENTY) as (one, other):
        await users.add(one.pool, users.NewUser("ann", PASSWORD, "trader"))
        async with one.client(None) as here, other.client(None) as there:
            wrong = {"username": "ann", "password": "not the password"}
            answers = await turns(
                7, lambda: here.post("/token", data=wrong), lambda: there.post("/token", data=wrong)
            )
            assert [answer.status_code for answer in answers[:5]] == [401] * 5
            assert len(refused(answers, 5)) == 2
            right = {"username": "ann", "password": PASSWORD}
            is_error(await there.post("/token", data=right), 429, "LOGIN_LOCKED")


async def test_a9_the_search_for_what_looked_alike_is_dear_in_all_processes_together(lived_database):
    limits = Limits(PLENTY.per_key, PLENTY.per_address, {**CLASSES, "search": Rate(SLOW, 3)})
    async with (
        two(lived_database, limits) as (one, other),
        one.client("viewer") as here,
        other.client("viewer") as there,
    ):
        decision = (await here.get("/api/v1/decisions?limit=1")).json()["decisions"][0]["id"]
        path = f"/api/v1/decisions/{decision}/similar"
        answers = await turns(6, lambda: here.get(path), lambda: there.get(path))
        assert refused(answers, 3)
        assert (await there.get("/api/v1/decisions?limit=1")).status_code == 200


async def test_a9_a_forwarded_address_counts_only_from_a_proxy_we_named(fresh_database):
    tight = Rate(SLOW, 3)
    for proxies, allowed in (("", 3), ("127.0.0.1/32", 8)):
        limits = Limits(PLENTY.per_key, tight, PLENTY.classes, read_proxies(proxies))
        async with two(fresh_database, limits) as (one, other):
            await one.pool.execute("DELETE FROM rate_buckets")
            async with one.client(None) as here, other.client(None) as there:

                def ask(client: httpx.AsyncClient, numbers=iter(range(8))):  # noqa: B008 - one count for both
                    spoof = {"X-Forwarded-For": f"203.0.113.{next(numbers)}"}
                    return client.get("/api/v1/orders", headers=spoof)

                answers = await turns(8, lambda: ask(here), lambda: ask(there))
                late = [answer for answer in answers if answer.status_code == 429]
                assert len(answers) - len(late) == allowed, proxies


async def test_a9_a_flood_of_connects_is_turned_away_by_every_process(lived_database):
    limits = Limits(Rate(SLOW, 4), PLENTY.per_address, PLENTY.classes)
    async with two(lived_database, limits) as (one, other):
        closed = []
        for number in range(8):
            address = (one, other)[number % 2].address
            headers = {"Authorization": f"Bearer {TOKENS['viewer']}"}
            async with websockets.connect(f"ws://{address}/api/v1/ws", additional_headers=headers) as client:
                try:
                    await client.send(json.dumps({"type": "ping"}))
                    async with asyncio.timeout(10):
                        await client.recv()
                except websockets.ConnectionClosed as end:
                    assert end.rcvd is not None
                    closed.append((end.rcvd.code, end.rcvd.reason))
        assert len(closed) == 4
        assert all(code == 1013 and "connecting too often" in reason for code, reason in closed)
