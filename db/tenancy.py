"""One org at a time: connections that see nothing but the rows of the org they were lent for.

The org travels with the task (a context variable), so that no query has to remember it; a task without one sees no
rows at all. What a query says comes on top: it is the first wall, Postgres' row-level security the second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from db.pool import SESSION, open_connection, open_pool
from db.singles import Singles, SinglesPool

APP_ROLE = "outcry_app"
ORG: ContextVar[UUID | None] = ContextVar("org", default=None)
BECOME = f"SET ROLE {APP_ROLE}"
ONE_PLAN = {**SESSION, "plan_cache_mode": "force_generic_plan"}
"""A list is planned once a connection, not once a request: planning it takes as long as running it, and its index by org and
time is the right one whatever the filters are."""
SEE = "SELECT set_config('outcry.org_id', $1, false)"


@contextmanager
def within(org_id: UUID) -> Iterator[None]:
    """Work for one org from here to the end of the block."""
    token = ORG.set(org_id)
    try:
        yield
    finally:
        ORG.reset(token)


async def open_tenant_pool(url: str, *, most: int = 8) -> SinglesPool:
    """A pool under the role that row-level security holds for, each connection set to the asking task's org.

    At most ``most`` connections for single statements, and half as many for transactions.
    """
    seen: dict[int, UUID | None] = {}

    async def opened(connection: Any) -> None:
        pid = connection.get_server_pid()
        seen.pop(pid, None)
        connection.add_termination_listener(lambda _: seen.pop(pid, None))
        await connection.execute(BECOME)

    async def lent(connection: Any) -> None:
        pid, org_id = connection.get_server_pid(), ORG.get()
        if seen.get(pid) != org_id:
            seen.pop(pid, None)  # until it is done nobody knows
            await connection.execute(SEE, "" if org_id is None else str(org_id))
            seen[pid] = org_id

    pool = await open_pool(
        url, least=0, most=max(1, most // 2), opened=opened, lent=lent, settings=ONE_PLAN, kind=SinglesPool
    )
    assert isinstance(pool, SinglesPool)
    pool.singles = Singles(lambda: open_connection(url, opened=opened, settings=ONE_PLAN), lent, most)
    return pool
