"""Fixtures that every part of the tests may use: a real Postgres, and a fresh migrated database on it."""

import asyncio
import gc
import itertools
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType
from typing import Any

import asyncpg
import pytest
import structlog

from db.embedded import EmbeddedPostgres
from tests.memory import folder
from wire.compiling import ROOT, keep_kernels

pytest_plugins = ["tests.costs"]
TEMPLATE = "migrated"
PLAIN = [
    *structlog.get_config()["processors"][:-1],
    structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
]
keep_kernels(ROOT / ".cache")
os.environ["ALLOW_MODEL_REQUESTS"] = "0"  # no test, and no floor of a test, asks a vendor


gc.disable()  # nothing of what is collected is garbage: it is not looked through again and again while it grows


def pytest_collection_finish() -> None:
    """Nor while tests run: twelve thousand of them, and all they import, stay until the end."""
    gc.freeze()
    gc.enable()


LONGEST = {"e2e", "fuzz"}
"""Folders whose tests take from ten seconds to minutes each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: whoever got one of them last would keep the other cores waiting. Workers share what is in front
    least (xdist steals from the end), so that floors of tests seldom run beside each other."""
    items.sort(key=lambda item: LONGEST.isdisjoint(item.path.parts))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Call a function by its name: by default it goes by its address, which differs between workers."""
    return val.__name__ if isinstance(val, FunctionType) else None


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A command that a test calls in this process configures the log of all: not beyond the test.

    Unconfigured, it draws the stack of each error with all values of all frames: seconds for one.
    """
    structlog.configure(processors=PLAIN)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One embedded server for the whole run (one per worker under xdist); the URL of its empty database.

    In memory where there is room: each fresh database is a copy of seven hundred files, three times faster there.
    """
    with folder() as home:
        server = EmbeddedPostgres(home, durable=False)
        try:
            yield server.start()
        finally:
            server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of a database with all migrations applied, to be copied and never connected to again."""
    from db.migrate import upgrade

    _run(lambda: _execute(postgres_url, f"CREATE DATABASE {TEMPLATE}"))
    _run(lambda: upgrade(_with_database(postgres_url, TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def fresh_database(postgres_url: str, migrated_template: str, numbers: Iterator[int]) -> Iterator[str]:
    """The URL of a migrated database that only this test sees; dropped afterwards, connected or not."""
    name = f"test_{os.getpid()}_{next(numbers)}"  # forks of one run share the server
    # Copying files is five times faster here than writing the copy through the log, the default.
    create = f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY FILE_COPY"
    _run(lambda: _execute(postgres_url, create))
    yield _with_database(postgres_url, name)
    _run(lambda: _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


def _with_database(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine from a fixture that is not async, whether or not the test has an event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
