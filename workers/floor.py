"""A worker among a floor's processes. Nothing heavy is imported before it has stepped back behind them."""

import asyncio
import os
import signal
from pathlib import Path

from openoutcry.errors import StartupRefused
from wire.config import ProcessConfig

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

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(Terms(home, database_url, grace_s=GRACE_S), stop)
