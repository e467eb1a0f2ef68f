"""Orgs: whose everything is. The default one is the operator's own."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db.identity.holder import Plan
from db.keys import DEFAULT_ORG
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput

PLANS: tuple[Plan, ...] = ("basic", "pro", "expert")
ADD = "INSERT INTO orgs (id, name, plan) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id, name, plan"
FIND = "SELECT id, name, plan FROM orgs WHERE name = $1 OR id::text = $1"
LIST = "SELECT id, name, plan FROM orgs ORDER BY created_at, name"
SET_PLAN = "UPDATE orgs SET plan = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Org:
    """One org and what it has paid for."""

    id: UUID
    name: str
    plan: Plan


def read_plan(text: str) -> Plan:
    """One of the plans. Raises BadInput."""
    for plan in PLANS:
        if text == plan:
            return plan
    raise BadInput(f"plan: {text[:40]!r} must be one of {', '.join(PLANS)}", field="plan")


async def add(pool: asyncpg.Pool, name: str, plan: Plan) -> Org:
    """A new org. Raises BadInput when the name is empty, too long or taken."""
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput("name: must have 1 to 100 characters", field="name")
    row = await pool.fetchrow(ADD, derived_id(DEFAULT_ORG, "org", name), name, plan)
    if row is None:
        raise BadInput(f"name: an org named {name!r} exists", field="name")
    return Org(**row)


async def find(pool: asyncpg.Pool, name_or_id: str) -> Org:
    """An org by name or id. Raises BadInput."""
    row = await pool.fetchrow(FIND, name_or_id)
    if row is None:
        raise BadInput(f"org: there is no org {name_or_id[:60]!r}; see `outcry users orgs`", field="org")
    return Org(**row)


async def list_orgs(pool: asyncpg.Pool) -> list[Org]:
    """Every org, oldest first."""
    return [Org(**row) for row in await pool.fetch(LIST)]


async def set_plan(pool: asyncpg.Pool, org_id: UUID, plan: Plan) -> None:
    """What the org has paid for from now on."""
    await pool.execute(SET_PLAN, org_id, plan)
