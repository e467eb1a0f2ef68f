"""``outcry sandbox``: a practice exchange on this machine, for our own executor and for any Binance bot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption

if TYPE_CHECKING:
    from sandbox.feeds import Feed

app = typer.Typer()
RECORDED_HISTORY = 5_000
FREE_ACCOUNT = {"USDT": "100000", "BTC": "1", "ETH": "10", "BNB": "20"}
FREE_MARGIN = "100000"


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="port on 127.0.0.1", min=1, max=65_535)] = 8_899,
    market: Annotated[
        str, typer.Option(help="synthetic, or recorded: stored candles played from now on")
    ] = "synthetic",
    seed: Annotated[int, typer.Option(help="seed of synthetic prices and of the books")] = 1,
    exchange: Annotated[str, typer.Option(help="recorded: whose candles")] = "binance",
    timeframe: Annotated[str, typer.Option(help="recorded: bar length of the candles")] = "1h",
    history: Annotated[
        int, typer.Option(help="recorded: bars before now; the rest is played", min=1)
    ] = RECORDED_HISTORY,
    account_file: Annotated[
        Path | None,
        typer.Option(help="write the account's key and secret, and the control token, to this file (0600)"),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Open an exchange that speaks Binance's REST and WebSockets (spot and USD-M perpetuals) until Ctrl-C.

    One account with money is opened; its key and secret are new each time, printed once as one JSON line, together with
    the token of the control API (faults, prices, deposits, the books). docs/sandbox.md describes both.
    """
    import asyncio

    from outcry.serving import served
    from sandbox.clock import ExchangeClock
    from sandbox.exchange import Exchange
    from sandbox.running import Running
    from sandbox.serving import Server

    clock = ExchangeClock()
    feeds = opened(market, seed, clock.now(), home, exchange, timeframe, history)
    running = Running(Exchange(clock, feeds, seed))
    account = running.exchange.open_account("trader", FREE_ACCOUNT, FREE_MARGIN)
    ready: dict[str, object] = {
        "url": f"http://127.0.0.1:{port}", "key": account.key, "secret": account.secret, "control": running.token,
        "market": market, "symbols": sorted(running.exchange.spot.markets), "perpetuals": sorted(running.exchange.perp.markets),
    }  # fmt: skip
    asyncio.run(served(Server(running).app(), port, ready, account_file))


def opened(
    market: str, seed: int, now_ms: int, home: Path | None, exchange: str, timeframe: str, history: int
) -> "dict[str, Feed]":
    """Price feeds by asset. Raises BadInput for a market that is neither, or has no candles."""
    from sandbox.feeds import START_PRICES, SyntheticFeed

    if market == "synthetic":
        return {asset: SyntheticFeed(asset, seed, now_ms) for asset in START_PRICES}
    if market != "recorded":
        raise BadInput(f"--market: must be synthetic or recorded, not {market!r}", field="market")
    from outcry.recorded_feeds import recorded_feeds
    from wire.config import home_folder

    return recorded_feeds(home_folder(str(home) if home else None), exchange, timeframe, now_ms, history)
