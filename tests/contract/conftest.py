"""The floors that tests share, one per module that asks: in memory, and as processes."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from db import rounds
from db.pool import open_pool
from openoutcry.portfolio import opening
from tests.conftest import _execute, _run, _with_database
from tests.contract.processes import Ground, listening
from tests.contract.world import AS_OF, BARS, FACTS, World, begin, furnish, world


@pytest.fixture(scope="module")
def contract_database(postgres_url: str, migrated_template: str, numbers: Iterator[int]) -> Iterator[str]:
    """The URL of a migrated database of this module's own."""
    name = f"contract_{next(numbers)}"
    _run(
        lambda: _execute(
            postgres_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY FILE_COPY"
        )
    )
    yield _with_database(postgres_url, name)
    _run(lambda: _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory, contract_database: str) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("contract"), contract_database) as opened:
        yield opened


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, contract_database: str) -> Ground:
    """A home with candles and a database with a session, for processes."""
    home = tmp_path_factory.mktemp("ground")
    furnish(home, BARS)

    async def fill() -> None:
        pool = await open_pool(contract_database)
        await begin(pool)
        await rounds.open_round(pool, FACTS, 1, AS_OF, None, opening("USDT", FACTS.initial_capital))
        await pool.close()

    _run(fill)
    return Ground(home, contract_database)


@pytest.fixture(scope="module")
def urls(ground: Ground) -> Iterator[dict[str, str]]:
    """The URL of each server and of an agent, as processes over HTTP."""
    with listening(ground) as found:
        yield found
