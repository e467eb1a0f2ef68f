"""The second wall: whatever a query says, a connection sees the rows of one org."""

from uuid import UUID

import asyncpg
import pytest

from db.keys import DEFAULT_ORG, create
from db.pool import open_pool
from db.tenancy import open_tenant_pool, within

OTHER = UUID("00000000-0000-0000-0000-000000000002")
TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS walled FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


@pytest.fixture
async def pools(fresh_database):
    owner = await open_pool(fresh_database)
    tenant = await open_tenant_pool(fresh_database, most=2)
    await owner.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", OTHER)
    await create(owner, "mine", "viewer")
    await create(owner, "theirs", "viewer", org_id=OTHER)
    yield owner, tenant
    owner.terminate()
    tenant.terminate()


async def test_every_table_with_an_org_is_walled(pools):
    owner, _ = pools
    rows = await owner.fetch(TABLES)
    assert len(rows) > 15
    assert [row["relname"] for row in rows if not row["walled"]] == []


async def test_the_role_of_requests_cannot_step_over_the_wall(pools):
    owner, tenant = pools
    row = await owner.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'outcry_app'"
    )
    assert dict(row) == {"rolsuper": False, "rolbypassrls": False, "rolcanlogin": False}
    with within(DEFAULT_ORG):
        assert await tenant.fetchval("SELECT current_user") == "outcry_app"


async def test_one_pooled_connection_shows_each_org_its_own_rows_in_turn(pools, fresh_database):
    one = await open_tenant_pool(fresh_database, most=1)
    try:
        for _ in range(3):
            for org, name in ((DEFAULT_ORG, "mine"), (OTHER, "theirs")):
                with within(org):
                    assert [r["name"] for r in await one.fetch("SELECT name FROM api_keys")] == [name]
            assert await one.fetch("SELECT name FROM api_keys") == []  # for nobody: nothing
    finally:
        one.terminate()


async def test_anothers_row_cannot_be_read_changed_deleted_or_planted(pools):
    owner, tenant = pools
    theirs = await owner.fetchval("SELECT id FROM api_keys WHERE name = 'theirs'")
    with within(DEFAULT_ORG):
        assert await tenant.fetchrow("SELECT 1 FROM api_keys WHERE id = $1", theirs) is None
        assert await tenant.execute("UPDATE api_keys SET role = 'admin' WHERE id = $1", theirs) == "UPDATE 0"
        assert await tenant.execute("DELETE FROM api_keys WHERE id = $1", theirs) == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tenant.execute(
                "INSERT INTO api_keys (id, org_id, name, prefix, hash, role) VALUES ($1, $2, 'x', 'x', 'x', 'admin')",
                UUID(int=9),
                OTHER,
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tenant.fetch("SELECT * FROM login_failures")
        assert [r["name"] for r in await tenant.fetch("SELECT name FROM orgs")] == ["default"]
    assert await owner.fetchval("SELECT role FROM api_keys WHERE id = $1", theirs) == "viewer"
