"""The API over a real database with a session in it, and a stand-in for the orchestrator."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from api.app import Limits, build
from api.assets import load
from api.events import TableEvents
from api.floor import Floor
from api.identity import KeyRing
from api.throttle import Rate
from api.ws.hub import Hub
from api.ws.socket import Turnstile
from db import keys
from db.listening import Listening
from db.pool import open_pool
from tests.api.orchestrating import StandIn
from tests.api.ws.serving import served
from tests.db.conftest import Writer
from tests.factories import SETTINGS, Session
from wire.config import RunSpec

PLENTY = Limits(per_key=Rate(1e5, 100_000), per_address=Rate(1e5, 100_000))
ASSETS = load()


class World:
    """Everything a test may want to look at."""

    def __init__(self, pool, address: str, floor: Floor, tokens: dict[str, str]) -> None:
        self.pool, self.address, self.floor, self.tokens = pool, address, floor, tokens
        self.writer: Writer | None = None
        self.records = []

    def client(self, role: str | None = "admin", **headers: str) -> httpx.AsyncClient:
        """A client with the key of a role, or without any."""
        given = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        return httpx.AsyncClient(base_url=f"http://{self.address}", headers={**given, **headers}, timeout=10)

    @property
    def session_id(self) -> str:
        """The seeded session."""
        return str(self.writer.facts.session_id)


@pytest.fixture
def limits() -> Limits:
    return PLENTY


@pytest.fixture
async def world(fresh_database, limits) -> AsyncIterator[World]:
    """The API on an empty, migrated database with one key per role."""
    pool = await open_pool(fresh_database, least=0, most=6)
    tokens = {role: (await keys.create(pool, f"the {role}", role)).text for role in keys.ROLES}
    async with Listening(fresh_database) as listening:
        floor = Floor(
            database_url=fresh_database,
            home=None,
            pool=pool,
            listening=listening,
            hub=Hub(TableEvents(pool, listening)),
            keys=KeyRing(partial(keys.authenticate, pool)),
            settings=SETTINGS,
            run=RunSpec(market="recorded", symbols=("BTC/USDT",), timeframe="1h"),
            turnstile=Turnstile(100),
            command_timeout_s=3.0,
        )
        async with served(build(floor, ASSETS, limits)) as address:
            yield World(pool, address, floor, tokens)
    pool.terminate()


@pytest.fixture
async def lived(world) -> World:
    """The same after a session of forty rounds that still runs."""
    session = Session(seed=7)
    world.writer = await Writer(world.pool, session).open()
    world.records = session.run(40, extras=False)
    for record in world.records:
        await world.writer.write(record)
    return world


@pytest.fixture
async def answered(lived) -> AsyncIterator[World]:
    """The same with somebody who answers commands."""
    stand_in = StandIn(lived.pool, lived.writer)
    task = asyncio.create_task(stand_in.run())
    lived.stand_in = stand_in
    yield lived
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def viewer(lived) -> AsyncIterator[httpx.AsyncClient]:
    async with lived.client("viewer") as client:
        yield client


@pytest.fixture
async def admin(answered) -> AsyncIterator[httpx.AsyncClient]:
    async with answered.client("admin") as client:
        yield client
