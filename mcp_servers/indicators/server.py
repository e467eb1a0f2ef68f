"""The indicators server: its dependencies and its tools."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from db.candles import CandleReader
from db.pool import open_pool
from db.regimes.force import Shelf
from mcp_servers.indicators import tools
from mcp_servers.indicators.deps import IndicatorsDeps, NoModels, RegimeModels
from mcp_servers.present import floor_present
from mcp_servers.toolkit import Hosting, build_server, discover
from wire.config import READ_SCOPES, ProcessConfig
from wire.server import FloorServer
from wire.strategies import load_trading_defaults

INSTRUCTIONS = (
    "Technical indicators over closed candles, never newer than as_of. Ask for everything at once with "
    "indicator_snapshot; calculate_* tools also take your own prices. A value that is null says why in notes."
)


def build(hosting: Hosting[IndicatorsDeps]) -> FloorServer:
    """The MCP server of every tool in ``tools/``."""
    return build_server("indicators", discover(tools), hosting, instructions=INSTRUCTIONS)


@asynccontextmanager
async def opened(config: ProcessConfig, port: int | None) -> AsyncIterator[FloorServer]:
    """Open the candle store and the floor's clock; yield the server."""
    async with AsyncExitStack() as stack:
        pool = None
        models: RegimeModels = NoModels()
        if config.database_url is not None:
            pool = await open_pool(config.database_url)
            stack.push_async_callback(pool.close)
            models = Shelf(pool, UUID(config.org_id))
        yield build(
            Hosting(
                deps=IndicatorsDeps(
                    CandleReader(config.home),
                    config.run.exchange,
                    load_trading_defaults(config.home),
                    models,
                    config.settings,
                ),
                present=floor_present(pool, config.run.market),
                key=config.key,
                local_scopes=READ_SCOPES["indicators"],
                port=port,
                org_id=config.org_id,
            )
        )
