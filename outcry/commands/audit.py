"""``outcry audit``: replay the committee over history and prove that it knew nothing of the future."""

import asyncio
from typing import Annotated

import typer

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import SECONDS
from outcry.options import HomeOption, JsonOption

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
    from datetime import UTC, datetime

    from openoutcry.settings import AgentSettings
    from outcry.committee.leaks import leaks
    from outcry.committee.market import HISTORY, made, stored
    from wire import logs
    from wire.config import home_folder, load_settings, parse_when

    if timeframe not in SECONDS:
        raise BadInput(f"--timeframe: {timeframe!r} is not one of {' '.join(SECONDS)}", field="timeframe")
    logs.configure("audit", level="ERROR")
    folder = home_folder(str(home) if home else None)
    settings = load_settings(folder)
    by_rules = {name: seat.model_copy(update={"mind": "rules"}) for name, seat in settings.agents.items()}
    optional = {name: AgentSettings() for name in ("mean_reversion", "order_book", "sentiment")}
    settings = settings.model_copy(update={"agents": {**optional, **by_rules}})
    if symbol is None:
        market = made(seed, timeframe, HISTORY + 30 * rounds + 200)
    else:
        first = parse_when(begin, field="--from") or datetime(2010, 1, 1, tzinfo=UTC)
        market = stored(
            folder,
            exchange,
            symbol,
            timeframe,
            first,
            parse_when(end, field="--to") or datetime(2200, 1, 1, tzinfo=UTC),
        )
    done = asyncio.run(leaks(market, settings, rounds=rounds, seed=seed, plant=plant))
    if as_json:
        typer.echo(done.model_dump_json())
    else:
        voices = ", ".join(f"{name} {count}" for name, count in done.voted.items())
        typer.echo(f"{market.source} {market.exchange} {market.symbol} {market.timeframe}, seed {seed}")
        typer.echo(f"{done.rounds} rounds held twice; votes: {voices}; digest {done.digest}")
        typer.echo(f"12 bars later {done.noticed} of {done.rounds} notice the noise")
        if done.found:
            first_found = done.found[0]
            typer.echo(
                f"LEAK in {len(done.found)} of {done.rounds} rounds; first at {first_found.as_of:%Y-%m-%d %H:%M}:"
            )
            typer.echo(f"  {first_found.difference}")
        else:
            typer.echo(
                "no decision depends on the future"
                if done.passed
                else "nothing is proven: nobody notices the noise"
            )
    if not done.passed:
        raise typer.Exit(1)
