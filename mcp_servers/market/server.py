"""The market server: its source, dependencies, tools and resources."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from db.candles import CandleReader, CandleStore, Series
from mcp_servers.market import resources, tools
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.sources.recorded import RecordedSource
from mcp_servers.market.sources.source import MarketSource
from mcp_servers.opening import floor_pool, reading
from mcp_servers.toolkit import Hosting, build_server, discover
from openoutcry.market.synthetic import synthetic_exchange
from openoutcry.types.symbols import parse_symbol
from wire.clock import WallClock
from wire.config import ProcessConfig, RunSpec
from wire.server import FloorServer

INSTRUCTIONS = (
    "Prices, candles, funding and books of one market, labelled live, recorded or synthetic, never newer than as_of. "
    "get_market_snapshot says what is wrong with the data; a fault is a reason not to trade, never a number to guess."
)
DEFAULT_SYMBOLS = ("BTC/USDT",)


def build(hosting: Hosting[MarketDeps]) -> FloorServer:
    """The MCP server of every tool in ``tools/``."""
    server = build_server("market", discover(tools), hosting, instructions=INSTRUCTIONS)
    resources.publish(server, hosting)
    return server


def exchange_of(run: RunSpec) -> str:
    """The name under which this run's candles are stored."""
    return synthetic_exchange(run.seed) if run.market == "synthetic" else run.exchange


@asynccontextmanager
async def opened(config: ProcessConfig, port: int | None) -> AsyncIterator[FloorServer]:
    """Open the source, fill the store up to where the run begins, and yield the server."""
    async with AsyncExitStack() as stack:
        pool = await floor_pool(config, stack)
        source, run = await source_of(config, stack), config.run
        deps = MarketDeps(CandleReader(config.home), source, exchange_of(run), run.timeframe)
        yield build(reading(config, port, pool, "market", deps))


async def source_of(config: ProcessConfig, stack: AsyncExitStack) -> MarketSource:
    """The run's source, at work until the stack is left."""
    run, store = config.run, CandleStore(config.home)
    symbols = run.symbols or DEFAULT_SYMBOLS
    if run.market == "recorded":
        return RecordedSource()
    if run.market == "synthetic":
        from mcp_servers.market.sources.synthetic import (
            SyntheticSource,  # a run needs one source's imports only
        )

        made = SyntheticSource(store, run.seed, symbols, run.timeframe)
        stack.push_async_callback(made.close)
        for symbol in symbols:
            if run.start is not None:
                await made.ensure(Series(exchange_of(run), symbol, run.timeframe), run.start)
        return made
    from mcp_servers.market.sources.live import LiveSource
    from mcp_servers.market.sources.opening import exchange_client

    live = LiveSource(exchange_client(config.home, run.exchange), store, WallClock())
    stack.push_async_callback(live.close)
    pairs = [parse_symbol(symbol) for symbol in symbols]
    names = dict.fromkeys(str(side) for pair in pairs for side in (pair.spot(), pair.perpetual()))
    live.follow(Series(run.exchange, name, run.timeframe) for name in names)
    return live
