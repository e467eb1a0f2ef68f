"""How a server that reads opens: the floor's database where there is one, and the hosting around its dependencies."""

from contextlib import AsyncExitStack

import asyncpg

from db.pool import open_pool
from mcp_servers.present import floor_present
from mcp_servers.toolkit import D, Hosting
from wire.config import OPTIONAL_SCOPES, READ_SCOPES, ProcessConfig


async def floor_pool(config: ProcessConfig, stack: AsyncExitStack) -> asyncpg.Pool | None:
    """Connections to the floor's database until the stack is left; None without one."""
    if config.database_url is None:
        return None
    pool = await open_pool(config.database_url)
    stack.push_async_callback(pool.close)
    return pool


def reading(
    config: ProcessConfig, port: int | None, pool: asyncpg.Pool | None, server: str, deps: D
) -> Hosting[D]:
    """The hosting of the server of this name, which nobody on its own pipe may write with."""
    return Hosting(
        deps=deps,
        present=floor_present(pool, config.run.market),
        key=config.key,
        local_scopes={**READ_SCOPES, **OPTIONAL_SCOPES}[server],
        port=port,
        org_id=config.org_id,
    )
