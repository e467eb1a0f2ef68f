"""Opening an exchange: the loopback server where one is named, and the budget that all processes of a home share."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from mcp_servers.market.sources.exchange_client import ExchangeClient
from mcp_servers.market.sources.history import ExchangeHistory
from mcp_servers.market.sources.patience import Patience
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.loopback import URL_ENV


def exchange_client(home: Path, exchange: str) -> ExchangeClient:
    """A client whose requests are counted together with those of every other process of this home."""
    clock = WallClock()
    budget = RequestBudget(clock, home / "exchanges" / f"{exchange}.budget")
    return ExchangeClient(exchange, url=os.environ.get(URL_ENV), clock=clock, budget=budget)


@asynccontextmanager
async def opened_history(
    home: Path,
    exchange: str,
    *,
    patience: Patience | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> AsyncIterator[ExchangeHistory]:
    """An exchange's past, until the context is left; ``notice`` is told of every wait."""
    client = exchange_client(home, exchange)
    # the process's own number keeps processes that were refused together from coming back together
    jitter = Random(os.getpid())
    try:
        yield ExchangeHistory(client, WallClock(), jitter, patience=patience, notice=notice)
    finally:
        await client.close()
