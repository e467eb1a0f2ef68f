"""``outcry audit``: replay the committee over history and prove that it knew nothing of the future."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import SECONDS
from outcry.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from openoutcry.settings import Settings
    from outcry.committee.leaks import Leaks
    from outcry.committee.market import Market

app = typer.Typer()


@app.command()
def audit(
    symbol: Annotated[
        str | None, typer.Argument(help="a pair whose candles are stored [default: a synthetic market]")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=10_000, help="how many rounds to hold")] = 20,
    exchange: Annotated[str, typer.Option("--exchange", help="whose candles")] = "binance",
    timeframe: Annotated[str, typer.Option("--timeframe", help="bar length")] = "1h",
    begin: Annotated[str | None, typer.Option("--from", help="first bar (ISO, UTC) [default: all]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last bar (ISO, UTC)")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="which rounds, and which noise")] = 7,
    plant: Annotated[
        bool, typer.Option("--plant", help="let the indicators server peek 12 bars ahead: this must be found")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace everything after as_of by noise and require the same digests of snapshot, answers, ballots and decision.

    Every seat of the home's settings, with the rules as its mind, and the optional seats. Exit 1 when something leaks, or
    when nobody would have noticed the noise.
    """
    from outcry.committee.leaks import leaks
    from outcry.committee.market import HISTORY, made
    from wire import logs
    from wire.config import home_folder, load_settings

    if timeframe not in SECONDS:
        raise BadInput(f"--timeframe: {timeframe!r} is not one of {' '.join(SECONDS)}", field="timeframe")
    logs.configure("audit", level="ERROR")
    folder = home_folder(str(home) if home else None)
    if symbol is None:
        market = made(seed, timeframe, HISTORY + 30 * rounds + 200)
    else:
        market = _stored(folder, exchange, symbol, timeframe, begin, end)
    settings = _by_rules(load_settings(folder))
    done = asyncio.run(leaks(market, settings, rounds=rounds, seed=seed, plant=plant))
    if as_json:
        typer.echo(done.model_dump_json())
    else:
        typer.echo(f"{market.source} {market.exchange} {market.symbol} {market.timeframe}, seed {seed}")
        _tell(done)
    if not done.passed:
        raise typer.Exit(1)


def _by_rules(settings: "Settings") -> "Settings":
    """Every seat with the rules as its mind, and the optional seats: no model stands between a word and its reason."""
    from openoutcry.settings import AgentSettings

    by_rules = {name: seat.model_copy(update={"mind": "rules"}) for name, seat in settings.agents.items()}
    optional = {name: AgentSettings() for name in ("mean_reversion", "order_book", "sentiment")}
    return settings.model_copy(update={"agents": {**optional, **by_rules}})


def _stored(
    folder: Path, exchange: str, symbol: str, timeframe: str, begin: str | None, end: str | None
) -> "Market":
    from datetime import UTC, datetime

    from outcry.committee.market import stored
    from wire.config import parse_when

    first = parse_when(begin, field="--from") or datetime(2010, 1, 1, tzinfo=UTC)
    last = parse_when(end, field="--to") or datetime(2200, 1, 1, tzinfo=UTC)
    return stored(folder, exchange, symbol, timeframe, first, last)


def _tell(done: "Leaks") -> None:
    voices = ", ".join(f"{name} {count}" for name, count in done.voted.items())
    typer.echo(f"{done.rounds} rounds held twice; votes: {voices}; digest {done.digest}")
    typer.echo(f"12 bars later {done.noticed} of {done.rounds} notice the noise")
    if done.found:
        first = done.found[0]
        typer.echo(
            f"LEAK in {len(done.found)} of {done.rounds} rounds; first at {first.as_of:%Y-%m-%d %H:%M}:"
        )
        typer.echo(f"  {first.difference}")
    elif done.passed:
        typer.echo("no decision depends on the future")
    else:
        typer.echo("nothing is proven: nobody notices the noise")
