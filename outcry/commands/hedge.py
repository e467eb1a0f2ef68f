"""``outcry hedge``: how the spot is hedged with its perpetuals, changing that, and what it would have done."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from outcry.options import HomeOption, JsonOption, SessionOption
from outcry.printing import lines
from wire.config import home_folder

app = typer.Typer(no_args_is_help=True)
RatioOption = Annotated[
    float | None, typer.Option("--ratio", help="short over spot, 1 = fully hedged [default: as configured]")
]
OnceOption = Annotated[
    str | None, typer.Option("--once", help="a name of your own: asked again with it, nothing is done twice")
]
WaitOption = Annotated[float, typer.Option("--wait", help="seconds to wait for the floor", min=0.1, max=600)]
PATIENCE_S = 60.0
EXIT_FAILED = 1


@app.command()
def analysis(
    ratio: RatioOption = None,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """How the open positions are hedged, what that costs, and what to change."""
    from db.reads.hedge_view import hedge_view
    from openoutcry.hedging.shapes import analysis_shape
    from outcry.risk_source import risk_source, seen_of

    async def run() -> dict[str, Any]:
        async with risk_source(_folder(home)) as source:
            view = hedge_view(source.reader, await seen_of(source, session), _checked(ratio))
            return analysis_shape(view.analysis, view.markets, view.costs, view.targets)

    _print(asyncio.run(run()), as_json)


@app.command()
def execute(
    ratio: RatioOption = None,
    once: OnceOption = None,
    wait: WaitOption = PATIENCE_S,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sell or buy back perpetuals until the spot is hedged; that stands above the floor's vote until the spot is gone.

    Every order passes the risk gate. Exit 1 when one was refused or still works.
    """
    from openoutcry.types.commands import ExecuteHedges

    _done(ExecuteHedges(session_id=session, ratio=_checked(ratio)), once, wait, home, as_json)


@app.command()
def close(
    once: OnceOption = None,
    wait: WaitOption = PATIENCE_S,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Buy back every hedge; that too stands above the vote until the spot is gone.

    Exit 1 when an order was refused or still works.
    """
    from openoutcry.types.commands import CloseHedges

    _done(CloseHedges(session_id=session), once, wait, home, as_json)


@app.command()
def study(
    symbol: Annotated[str, typer.Option(help="the pair")] = "BTC/USDT",
    start: Annotated[str | None, typer.Option("--from", help="first day (ISO, UTC)")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included")] = None,
    timeframe: Annotated[str, typer.Option(help="bar length of the stored series")] = "1h",
    ratio: Annotated[float, typer.Option(help="short over spot, 1 = fully hedged")] = 1.0,
    exchange: Annotated[str, typer.Option(help="whose candles")] = "binance",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a hedge would have done over stored spot and perpetual candles, fees, spread, funding and basis included.

    Needs no floor; bring candles in with `outcry data`.
    """
    from outcry.hedge_study import Asked, study_of, told
    from wire.config import load_settings, parse_when

    folder = _folder(home)
    asked = Asked(
        exchange=exchange,
        symbol=symbol,
        timeframe=timeframe,
        start=parse_when(start, field="--from"),
        end=parse_when(end, field="--to", end=True),
        ratio=_checked(ratio, most=2.0) or 0.0,
    )
    found = study_of(folder, asked, load_settings(folder).venue)
    typer.echo(json.dumps(found) if as_json else told(found))


def _folder(home: Path | None) -> Path:
    return home_folder(str(home) if home else None)


def _checked(ratio: float | None, most: float = 1.0) -> float | None:
    from openoutcry.errors import BadInput

    if ratio is not None and not 0.0 <= ratio <= most:
        raise BadInput(f"--ratio: {ratio:g} does not lie between 0 and {most:g}", field="ratio")
    return ratio


def _done(command: Any, once: str | None, wait: float, home: Path | None, as_json: bool) -> None:
    from outcry.commanding import carry_out

    answer = asyncio.run(carry_out(_folder(home), command, once=once, wait_s=wait))
    _print(answer, as_json)
    if answer["status"] != "completed":
        raise typer.Exit(EXIT_FAILED)


def _print(found: dict[str, Any], as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else "\n".join(lines(found)))
