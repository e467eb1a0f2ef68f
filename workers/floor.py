"""A worker among a floor's processes. Nothing heavy is imported before it has stepped back behind them."""

import asyncio
import os
from pathlib import Path

from openoutcry.errors import StartupRefused
from wire.config import ProcessConfig
from wire.stopping import stop_event

GRACE_S = 1.0
"""The supervisor kills what has not ended three seconds after it was told to."""
NICENESS = 5


def run(config: ProcessConfig, _port: int | None = None) -> None:
    """Work until SIGTERM. Trading goes first: also while the floor opens, this process waits for a free core."""
    if config.database_url is None:
        raise StartupRefused("a worker needs the database")
    os.nice(NICENESS)
    asyncio.run(_serve(config.home, config.database_url))


async def _serve(home: Path, database_url: str) -> None:
    from workers.serve import Terms, serve

    await serve(Terms(home, database_url, grace_s=GRACE_S), stop_event())
