"""The floor that the tests of answers share, one per module that asks for it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.conftest import _execute, _run, _with_database
from tests.contract.world import World, world


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
