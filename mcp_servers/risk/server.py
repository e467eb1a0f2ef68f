"""The risk server: its dependencies and its tools."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from db.candles import CandleReader
from db.pool import open_pool
from mcp_servers.present import floor_present
from mcp_servers.risk import tools
from mcp_servers.risk.books import Books, NoBooks
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.ledger_books import LedgerBooks
from mcp_servers.toolkit import Hosting, build_server, discover
from wire.config import READ_SCOPES, ProcessConfig
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
        pool = None
        books: Books = NoBooks()
        if config.database_url is not None:
            pool = await open_pool(config.database_url)
            stack.push_async_callback(pool.close)
            books = LedgerBooks(pool, config.settings)
        yield build(
            Hosting(
                deps=RiskDeps(books, CandleReader(config.home), config.run.exchange, config.settings, pool),
                present=floor_present(pool, config.run.market),
                key=config.key,
                local_scopes=READ_SCOPES["risk"],
                port=port,
                org_id=config.org_id,
            )
        )
