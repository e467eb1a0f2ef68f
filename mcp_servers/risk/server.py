"""The risk server: its dependencies and its tools."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from db.candles import CandleReader
from mcp_servers.opening import floor_pool, reading
from mcp_servers.risk import tools
from mcp_servers.risk.books import Books, NoBooks
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.ledger_books import LedgerBooks
from mcp_servers.toolkit import Hosting, build_server, discover
from wire.config import ProcessConfig
from wire.server import FloorServer

INSTRUCTIONS = (
    "The session's book measured against its limits. get_exposure and analyze_hedge answer for the round in progress; "
    "review_order asks the gate without placing anything; calculate_* tools also take your own numbers. "
    "Losses, VaR and drawdowns are positive fractions."
)


def build(hosting: Hosting[RiskDeps]) -> FloorServer:
    """The MCP server of every tool in ``tools/``."""
    return build_server("risk", discover(tools), hosting, instructions=INSTRUCTIONS)


@asynccontextmanager
async def opened(config: ProcessConfig, port: int | None) -> AsyncIterator[FloorServer]:
    """Open the database and the candle store; yield the server."""
    async with AsyncExitStack() as stack:
        pool = await floor_pool(config, stack)
        books: Books = NoBooks() if pool is None else LedgerBooks(pool, config.settings)
        deps = RiskDeps(books, CandleReader(config.home), config.run.exchange, config.settings, pool)
        yield build(reading(config, port, pool, "risk", deps))
