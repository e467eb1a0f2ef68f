"""The schema: made once, by whoever comes first, and never touched by code older than it."""

import asyncio
import sys
from time import perf_counter

import asyncpg
import pytest

from db import migrate
from openoutcry.errors import StartupRefused


@pytest.fixture
async def empty(postgres_url):
    """The URL of an empty database."""
    server = await asyncpg.connect(postgres_url)
    await server.execute("CREATE DATABASE empty_one")
    yield f"{postgres_url.rpartition('/')[0]}/empty_one"
    await server.execute("DROP DATABASE empty_one WITH (FORCE)")
    await server.close()


async def test_several_starting_processes_make_one_schema(empty):
    assert await migrate.current(empty) is None
    await asyncio.gather(*(migrate.upgrade(empty) for _ in range(3)))
    assert await migrate.current(empty) == migrate.HEAD
    began = perf_counter()
    await migrate.upgrade(empty)
    assert perf_counter() - began < 1.0


async def test_p11_a_newer_schema_is_refused(fresh_database):
    connection = await asyncpg.connect(fresh_database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartupRefused, match="9999"):
        await migrate.upgrade(fresh_database)
    await connection.close()


async def test_p11_a_failed_migration_leaves_nothing(empty):
    connection = await asyncpg.connect(empty)
    await connection.execute("CREATE TABLE equity (taken int)")  # the schema's own cannot be made
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate.upgrade(empty)
    assert await migrate.current(empty) is None
    assert await connection.fetchval("SELECT to_regclass('orgs')") is None
    await connection.close()


async def test_every_table_of_someone_carries_its_org(fresh_database):
    connection = await asyncpg.connect(fresh_database)
    rows = await connection.fetch(
        "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns"
        " WHERE table_schema = 'public' GROUP BY table_name"
    )
    shared = {
        "orgs",
        "floor_state",
        "alembic_version",
        "login_failures",
        "rate_buckets",
        "attendance",
        "forecasts",
        "leases",
        "embedding_spaces",
    }
    assert {row["table_name"] for row in rows if "org_id" not in row["columns"]} == shared
    await connection.close()


async def test_a_current_schema_never_imports_alembic(fresh_database):
    run = f"asyncio.run(db.migrate.upgrade({fresh_database!r})); print('alembic' in sys.modules)"
    script = f"import asyncio, sys, db.migrate; {run}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=str(migrate.FOLDER.parent.parent)
    )
    said, _ = await process.communicate()
    assert said.strip() == b"False"
