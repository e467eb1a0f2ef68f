"""Ask a server something from a test that is not async."""

import asyncio
from collections.abc import Sequence

import asyncpg


def ask(url: str, *statements: str) -> list[Sequence[object]]:
    """Run the statements on one connection; the rows of the last one."""

    async def go() -> list[Sequence[object]]:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [tuple(row) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(go())
