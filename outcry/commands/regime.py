"""``outcry regime``: train regime models, follow markets, see the regimes they are in and went through."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from openoutcry.errors import BadInput, NotFound
from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder

if TYPE_CHECKING:
    import asyncpg

    from db.candles import Series

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
ORG = UUID(DEFAULT_ORG)
SYNTHETIC = "synthetic-"
ExchangeOption = Annotated[str, typer.Option(help="whose candles")]
SymbolOption = Annotated[str, typer.Option(help="BTC/USDT, or BTC/USDT:USDT for the perpetual")]
TimeframeOption = Annotated[str, typer.Option(help="bar length, e.g. 1h")]
AnySymbol = Annotated[
    str | None, typer.Option(help="a market, with --timeframe [default: all followed ones]")
]
AnyTimeframe = Annotated[str | None, typer.Option(help="bar length, with --symbol")]


@app.callback()
def group() -> None:
    """Regimes: bull, bear, sideways, crisis, recovery, by a hidden Markov model that never looks ahead."""


@app.command()
def train(
    symbol: SymbolOption,
    timeframe: TimeframeOption,
    exchange: ExchangeOption = "binance",
    begin: Annotated[
        str | None,
        typer.Option("--from", help="first day or instant (ISO, UTC) [default: the newest --bars]"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="last day, included, or instant [default: now]")
    ] = None,
    bars: Annotated[int | None, typer.Option(help="newest bars to use, without --from")] = None,
    holdout: Annotated[float, typer.Option(help="newest part that measures and is not fitted")] = 0.2,
    seed: Annotated[int, typer.Option(help="seed of the fit")] = 42,
    promote: Annotated[bool, typer.Option("--promote", help="put the new version into production")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model on stored candles, measure it on the newest part, and register it as the next version.

    Exit 1 when there is too little history or no sound model came out: nothing is registered then.
    """
    # One thread: then the same bars and seed give the same model to the last bit. Read when the libraries are loaded.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from openoutcry.regime.request import parse_request
    from outcry import regimeview
    from wire.config import load_settings, parse_when
    from workers.kinds import regime_training

    folder = home_folder(str(home) if home else None)
    usual = load_settings(folder).regimes.train_bars
    series = _series(exchange, symbol, timeframe)

    async def work(pool: "asyncpg.Pool") -> Any:
        asked = parse_request(
            {
                "exchange": series.exchange, "symbol": series.symbol, "timeframe": series.timeframe,
                "begin": parse_when(begin, field="--from"),
                "until": await _end(pool, series, until),
                "bars": usual if bars is None else bars, "holdout": holdout, "seed": seed,
                "promote": "always" if promote else "no",
            }
        )  # fmt: skip
        say = (lambda *_: None) if as_json else regimeview.step
        return await regime_training.train(pool, ORG, folder, asked, who="command line", tell=say)

    done = regime_training.told(_ask(folder, work, make=True))
    typer.echo(json.dumps(done)) if as_json else regimeview.trained(done)


@app.command()
def current(
    symbol: AnySymbol = None,
    timeframe: AnyTimeframe = None,
    exchange: ExchangeOption = "binance",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the regime a market is in, with what it means for sizing. Exit 1 when it was never followed."""
    from db.regimes import history as reads
    from outcry import regimeview
    from wire.config import load_settings

    folder = home_folder(str(home) if home else None)
    settings = load_settings(folder)

    async def work(pool: "asyncpg.Pool") -> list[dict[str, Any]]:
        found = []
        for series in await _chosen(pool, exchange, symbol, timeframe):
            now = await reads.current(pool, ORG, series)
            if now is None:
                raise NotFound(f"no regime of {series} is known yet; `outcry regime update --help`")
            found.append(regimeview.now(series, now, settings))
        return found

    found = _ask(folder, work)
    if as_json:
        typer.echo(json.dumps(found if symbol is None else found[0]))
    else:
        for one in found:
            regimeview.show(one)


@app.command()
def history(
    symbol: SymbolOption,
    timeframe: TimeframeOption,
    exchange: ExchangeOption = "binance",
    hours: Annotated[int | None, typer.Option(help="how far back [default: 30 days]", min=1)] = None,
    days: Annotated[int | None, typer.Option(help="how far back", min=1, max=36_500)] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the regimes a market went through, up to the last bar it was followed to."""
    from db.regimes import history as reads
    from outcry import regimeview

    if hours is not None and days is not None:
        raise BadInput("--hours: give it or --days, not both", field="hours")
    back = timedelta(hours=hours) if hours is not None else timedelta(days=30 if days is None else days)
    series = _series(exchange, symbol, timeframe)

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        now = await reads.current(pool, ORG, series)
        if now is None:
            raise NotFound(f"no regime of {series} is known yet; `outcry regime update --help`")
        since, until = _back(now.closed_at, back), now.closed_at
        return regimeview.past(series, until, await reads.spells(pool, ORG, series, since=since, as_of=until))

    found = _ask(home_folder(str(home) if home else None), work)
    typer.echo(json.dumps(found)) if as_json else regimeview.list_past(found)


@app.command()
def update(
    symbol: AnySymbol = None,
    timeframe: AnyTimeframe = None,
    exchange: ExchangeOption = "binance",
    until: Annotated[
        str | None, typer.Option("--to", help="up to this day, included, or instant [default: now]")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow markets through the bars that closed since, and note their regimes. Again, it changes nothing.

    A running floor does this by itself for what it trades. Exit 1 when a market has no model in production.
    """
    from db.candles import CandleReader
    from db.regimes.following import Follower
    from db.regimes.force import Shelf
    from outcry import regimeview
    from wire.config import load_settings

    folder = home_folder(str(home) if home else None)
    settings = load_settings(folder).regimes

    async def work(pool: "asyncpg.Pool") -> list[dict[str, Any]]:
        shelf, found = Shelf(pool, ORG), []
        follower = Follower(pool, ORG, CandleReader(folder), shelf, settings)
        for series in await _chosen(pool, exchange, symbol, timeframe):
            await shelf.need(series)
            done = await follower.update(series, await _end(pool, series, until))
            found.append(regimeview.updated(series, done))
        return found

    found = _ask(folder, work)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for one in found:
            regimeview.show_update(one)


def _ask(home: Path, work: "Callable[[asyncpg.Pool], Awaitable[T]]", *, make: bool = False) -> T:
    from outcry.database import database_address, open_current

    async def run() -> T:
        async with database_address(home, make=make) as url:
            pool = await open_current(url)
            try:
                return await work(pool)
            finally:
                await pool.close()

    return asyncio.run(run())


def _series(exchange: str, symbol: str, timeframe: str) -> "Series":
    from db.candles import Series

    return Series(exchange, symbol, timeframe)


async def _chosen(
    pool: "asyncpg.Pool", exchange: str, symbol: str | None, timeframe: str | None
) -> "list[Series]":
    """The market named, or every one that is followed."""
    from db.regimes.history import followed

    if (symbol is None) != (timeframe is None):
        missing = "symbol" if symbol is None else "timeframe"
        raise BadInput(f"--{missing}: give --symbol and --timeframe, or neither", field=missing)
    if symbol is not None and timeframe is not None:
        return [_series(exchange, symbol, timeframe)]
    found = await followed(pool, ORG)
    if not found:
        raise NotFound("no market is followed yet; name one with --symbol and --timeframe")
    return found


async def _end(pool: "asyncpg.Pool", series: "Series", text: str | None) -> datetime:
    """The time named, else now: on a synthetic market the floor's, for its candles are stored ahead of it."""
    from db.state import clock
    from wire.clock import WallClock
    from wire.config import parse_when

    now = WallClock().now()
    named = parse_when(text, field="--to", end=True)
    if named is not None:
        if named > now and (text or "").strip()[:10] != f"{now:%Y-%m-%d}":
            raise BadInput(f"--to: {text} is in the future", field="to")
        return min(named, now)
    return (await clock(pool) or now) if series.exchange.startswith(SYNTHETIC) else now


def _back(at: datetime, span: timedelta) -> datetime:
    try:
        return at - span
    except OverflowError:
        return datetime.min.replace(tzinfo=at.tzinfo)
