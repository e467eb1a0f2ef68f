"""The API over a real database with a session in it, and a stand-in for the orchestrator."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from functools import cache

import httpx
import pytest
from litestar import Litestar

from api.app import build, routes_for
from api.assets import load
from api.auth.doorman import Doorman
from api.auth.signing import Signer, home_key
from api.events import TableEvents
from api.floor import Floor
from api.haste import CLASSES, Limits, shared
from api.identity import KeyRing
from api.throttle import Rate
from api.ws.hub import Hub
from api.ws.turnstile import Turnstile
from db import keys, ledger, state
from db.attendance import Attendance
from db.identity.holder import ROLES
from db.listening import Listening
from db.pool import open_pool
from db.tenancy import open_tenant_pool
from db.unchanged import Unchanged
from openoutcry.types.record import CycleRecord
from tests.api.orchestrating import StandIn
from tests.api.ws.serving import served
from tests.conftest import _execute, _run, _with_database
from tests.db.conftest import Writer
from tests.factories import SETTINGS, Session
from wire.config import RunSpec

PLENTY = Limits(
    per_key=Rate(1e5, 100_000),
    per_address=Rate(1e5, 100_000),
    classes=dict.fromkeys(CLASSES, Rate(1e5, 100_000)),
)
ASSETS = load()
TOKENS = {role: f"a-key-for-the-{role}-of-these-tests" for role in ROLES}
ROUNDS = 40
PLAIN = False
"""No TLS on loopback: reading the certificates of all authorities takes 40 ms for each client."""
IDLE: list[Litestar] = []


@cache
def lived() -> tuple[Session, tuple[CycleRecord, ...]]:
    """The session that every world has behind it, made once."""
    session = Session(seed=7)
    return session, tuple(session.run(ROUNDS, extras=False))


class World:
    """Everything a test may want to look at."""

    def __init__(self, pool, address: str, floor: Floor) -> None:
        self.pool, self.address, self.floor = pool, address, floor
        session, records = lived()
        self.session, self.records = copy(session), list(records)
        self.writer = Writer(pool, self.session)
        self.session_id = str(self.writer.facts.session_id)

    def client(self, role: str | None = "admin", **headers: str) -> httpx.AsyncClient:
        """A client with the key of a role, or without any."""
        given = {} if role is None else {"Authorization": f"Bearer {TOKENS[role]}"}
        return httpx.AsyncClient(
            base_url=f"http://{self.address}", headers={**given, **headers}, timeout=60, verify=PLAIN
        )


@contextmanager
def routes() -> Iterator[Litestar]:
    """The routes that another test's floor has left, else new ones: making them takes most of a second."""
    routed = IDLE.pop() if IDLE else routes_for()
    yield routed
    IDLE.append(routed)


@asynccontextmanager
async def world_on(url: str, limits: Limits = PLENTY) -> AsyncIterator[World]:
    """The API served over the database at ``url``."""
    pool = await open_pool(url, least=0, most=6)
    door = await open_pool(url, least=0, most=2)
    tenant = await open_tenant_pool(url, most=6)
    try:
        async with Listening(url) as listening, Attendance.opened(url) as attendance:
            doorman = Doorman(door, lambda: Signer(b"k" * 32, home_key(None)))
            floor = Floor(
                database_url=url,
                home=None,
                pool=tenant,
                unchanged=Unchanged(tenant),
                doorman=doorman,
                listening=listening,
                hub=Hub(TableEvents(tenant, listening)),
                keys=KeyRing(doorman.lookup),
                settings=SETTINGS,
                run=RunSpec(market="recorded", symbols=("BTC/USDT",), timeframe="1h"),
                turnstile=Turnstile(attendance),
                classes={kind: shared(door, rate, f"{kind}:") for kind, rate in limits.classes.items()},
                command_timeout_s=3.0,
            )
            with routes() as routed:
                async with served(build(floor, ASSETS, limits, routed=routed)) as address:
                    yield World(pool, address, floor)
    finally:
        for each in (pool, door, tenant):
            each.terminate()


async def _keys(pool) -> None:
    for role, text in TOKENS.items():
        await keys.create(pool, f"the {role}", role)
        await pool.execute(
            "UPDATE api_keys SET prefix = $2, hash = $3 WHERE name = $1",
            f"the {role}",
            keys._prefix(text),
            keys._hash(text),
        )


async def _live(url: str) -> None:
    pool = await open_pool(url)
    session, records = lived()
    writer = await Writer(pool, session).open()
    for record in records:
        await writer.write(record)
    await state.set_clock(pool, session.as_of, "recorded")
    await _keys(pool)
    await pool.close()


@pytest.fixture(scope="session")
def lived_template(postgres_url: str, migrated_template: str) -> str:
    """A database with a session of forty rounds that still runs, and one key per role."""
    _run(lambda: _execute(postgres_url, f"CREATE DATABASE lived TEMPLATE {migrated_template}"))
    _run(lambda: _live(_with_database(postgres_url, "lived")))
    return "lived"


@pytest.fixture
def lived_database(postgres_url: str, lived_template: str, numbers: Iterator[int]) -> Iterator[str]:
    """A copy of it for this test."""
    name = f"lived_{os.getpid()}_{next(numbers)}"
    create = f"CREATE DATABASE {name} TEMPLATE {lived_template} STRATEGY FILE_COPY"
    _run(lambda: _execute(postgres_url, create))
    yield _with_database(postgres_url, name)
    _run(lambda: _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def world(lived_database) -> AsyncIterator[World]:
    """The API with a past."""
    async with world_on(lived_database) as made:
        made.writer.head = await ledger.read_head(made.pool, made.writer.facts.session_id)
        yield made


@pytest.fixture
async def newborn(fresh_database) -> AsyncIterator[World]:
    """The API on an empty floor, with one key per role."""
    async with world_on(fresh_database) as made:
        await _keys(made.pool)
        yield made


@pytest.fixture
async def answered(world) -> AsyncIterator[World]:
    """The API with a past and somebody who answers commands."""
    world.stand_in = StandIn(world.pool, world.writer)
    task = asyncio.create_task(world.stand_in.run())
    yield world
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def viewer(world) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client("viewer") as client:
        yield client


@pytest.fixture
async def admin(answered) -> AsyncIterator[httpx.AsyncClient]:
    async with answered.client("admin") as client:
        yield client
