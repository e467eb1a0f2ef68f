"""Metrics for a registered version, as a backtest would leave them."""

import asyncio
from typing import Any

from db.pool import open_pool
from db.strategies.finding import find, pick, versions
from db.strategies.history import By
from db.strategies.metrics import record_metrics
from tests.factories import ORG


def measure(url: str, name: str, version: str, metrics: dict[str, Any]) -> None:
    """Give a version these metrics."""

    async def run() -> None:
        pool = await open_pool(url, most=1)
        try:
            strategy = await find(pool, ORG, name)
            chosen = pick(strategy, await versions(pool, strategy.id), version)
            async with pool.acquire() as connection:
                await record_metrics(connection, chosen.id, metrics, "backtest", By("tester"))
        finally:
            await pool.close()

    asyncio.run(run())
