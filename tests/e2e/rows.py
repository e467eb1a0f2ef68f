"""Reading a floor's database from outside it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncpg

from outcry.database import floor_database

COUNTS = """
SELECT (SELECT count(*) FROM fills WHERE kind = 'TRADE') AS fills,
       (SELECT count(*) FROM orders WHERE venue_order_id IS NOT NULL) AS accepted,
       (SELECT count(*) FROM (SELECT trade_id FROM fills GROUP BY session_id, trade_id HAVING count(*) > 1) d) AS doubled
"""


def fetch(url: str, query: str, *arguments: Any) -> list[dict[str, Any]]:
    """Rows of a query as dicts; none while the database is away."""

    async def run() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except (OSError, asyncpg.PostgresError):
        return []


async def counts(home: Path) -> dict[str, int]:
    """Fills and orders of a home whose floor is closed."""
    async with floor_database(home) as pool:
        row = await pool.fetchrow(COUNTS)
        assert row is not None
        return dict(row)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(counts(Path(sys.argv[1])))))
