"""The indicators server: its dependencies and its tools."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from db.candles import CandleReader
from db.regimes.force import Shelf
from mcp_servers.indicators import tools
from mcp_servers.indicators.deps import IndicatorsDeps, NoModels, RegimeModels
from mcp_servers.opening import floor_pool, reading
from mcp_servers.toolkit import Hosting, build_server, discover
from wire.config import ProcessConfig
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
        pool = await floor_pool(config, stack)
        models: RegimeModels = NoModels() if pool is None else Shelf(pool, UUID(config.org_id))
        deps = IndicatorsDeps(
            CandleReader(config.home),
            config.run.exchange,
            load_trading_defaults(config.home),
            models,
            config.settings,
        )
        yield build(reading(config, port, pool, "indicators", deps))
