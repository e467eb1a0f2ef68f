"""``outcry league``: everybody over the same windows and worlds, after costs, with what luck alone would show."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import SECONDS
from outcry.league import options
from outcry.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from outcry.league.table import League
    from outcry.league.whole import Asked

app = typer.Typer()
MOST_DECISIONS = 200_000


@app.command()
def league(
    symbols: options.Symbols = None,
    exchange: options.Exchange = "binance",
    timeframe: options.Timeframe = "1h",
    begin: options.Begin = None,
    end: options.End = None,
    windows: options.Windows = 3,
    bars: options.Bars = 240,
    every: options.Every = 4,
    made: options.Made = 1,
    mind: options.Minds = None,
    cassette: options.Cassettes = None,
    record: options.Record = None,
    spend: options.Spend = "0",
    seed: options.Seed = 7,
    samples: options.Samples = 2_000,
    block: options.Block = 24,
    out: options.Out = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank baselines, rules, the committee and language models over the same decisions, and say what may be believed of it.

    Every entrant is asked at the same moments by the floor's own servers, which cut at each moment. Words are followed at the
    next bar's open: BUY holds until SELL or the word's horizon. Models that cannot run are listed with the reason, and
    what a model may have read in training is marked and not ranked.
    """
    from outcry.league.whole import whole
    from wire import logs
    from wire.config import home_folder, load_settings
    from wire.vendor_keys import take

    logs.configure("league", level="ERROR")
    asked = _asked(
        symbols, exchange, timeframe, begin, end, (windows, bars, every), made, mind, cassette, record, spend,
        seed, samples, block,
    )  # fmt: skip
    files = _files(out or [])
    folder = home_folder(str(home) if home else None)
    tell = _progress(quiet=as_json or not sys.stderr.isatty())
    done = asyncio.run(whole(asked, folder, load_settings(folder), take(os.environ), tell))
    _show(done, seed, files, as_json=as_json)


def _progress(*, quiet: bool) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if not quiet and (done % 20 == 0 or done == total):
            typer.echo(f"\r{done} of {total} decisions", err=True, nl=done == total)

    return tell


def _show(done: "League", seed: int, files: list[Path], *, as_json: bool) -> None:
    """Write the table with where it comes from, to the files and to the screen."""
    from openoutcry.version import VERSION
    from outcry.league.page import page
    from outcry.league.table import plain
    from outcry.league.view import lines
    from workers.provenance import commit

    body = {"version": VERSION, "commit": commit(), "seed": seed, **plain(done)}
    origin = {name: str(body[name]) for name in ("seed", "commit", "version", "digest")}
    for path in files:
        path.write_text(json.dumps(body) if path.suffix == ".json" else page(done, origin), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(body))
        return
    for line in lines(done, origin):
        typer.echo(line)
    for path in files:
        typer.echo(f"written to {path}")


def _asked(
    symbols: list[str] | None,
    exchange: str,
    timeframe: str,
    begin: str | None,
    end: str | None,
    shape: tuple[int, int, int],
    made: int,
    mind: list[str] | None,
    cassette: list[Path] | None,
    record: Path | None,
    spend: str,
    seed: int,
    samples: int,
    block: int,
) -> "Asked":
    """The options, checked. Raises BadInput naming the one that is wrong."""
    from datetime import UTC, datetime

    from outcry.league.whole import Asked
    from outcry.league.worlds import Shape
    from wire.config import parse_when

    if timeframe not in SECONDS:
        raise BadInput(f"--timeframe: {timeframe!r} is not one of {' '.join(SECONDS)}", field="timeframe")
    if shape[2] >= shape[1]:
        raise BadInput("--every: must be less than --bars", field="every")
    asked = Asked(
        symbols=tuple(symbols or ()),
        exchange=exchange,
        timeframe=timeframe,
        start=parse_when(begin, field="--from") or datetime(2010, 1, 1, tzinfo=UTC),
        end=parse_when(end, field="--to", end=True) or datetime(2200, 1, 1, tzinfo=UTC),
        shape=Shape(*shape),
        made=made,
        minds=tuple(mind or ()),
        cassettes=tuple(cassette or ()),
        record=record,
        spend=_dollars(spend),
        seed=seed,
        samples=samples,
        block=block,
    )
    worlds = len(asked.symbols) + 2 * made
    if worlds * shape[0] * len(asked.shape.decisions()) > MOST_DECISIONS:
        raise BadInput(f"--windows: more than {MOST_DECISIONS:,} decisions", field="windows")
    return asked


def _files(paths: list[Path]) -> list[Path]:
    """Where results go, checked before anything is played. Raises BadInput."""
    for path in paths:
        if path.suffix not in (".html", ".json"):
            raise BadInput(f"--out: {path} is neither a .html nor a .json file", field="out")
        if not path.parent.is_dir() or path.is_dir():
            raise BadInput(f"--out: {path} cannot be written there", field="out")
    return paths


def _dollars(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount <= 10_000:
        raise BadInput(f"--spend: {text!r} is not an amount from 0 to 10000", field="spend")
    return amount
