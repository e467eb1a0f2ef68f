"""``outcry data``: bring market data into the candle store, and see what is there. Needs no database."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from db.candles import CandleFileBroken, CandleStore, Coverage, FundingSeries, Series, StoreBusy, StoreFailed
from db.candles.importing import Imported, Target, import_file
from openoutcry.errors import BadInput
from outcry.data.checking import repair, verify
from outcry.data.export import export
from outcry.data.failing import failed
from outcry.data.inventory import freshness, symbols
from outcry.data.sync import sync
from outcry.options import HomeOption, JsonOption
from wire.clock import WallClock
from wire.config import home_folder

app = typer.Typer(no_args_is_help=True)
for command in (sync, symbols, freshness, export, verify, repair):
    app.command(command.__name__)(command)
WIDE = 160


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Parquet, feather, CSV or JSON (also .gz, .zip)")],
    symbol: Annotated[str, typer.Option(help="BTC/USDT, or BTC/USDT:USDT for the perpetual")],
    exchange: Annotated[str, typer.Option(help="whose candles these are")] = "binance",
    timeframe: Annotated[str | None, typer.Option(help="bar length, e.g. 1h; not for funding rates")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="overwrite stored rows that differ")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import candles or funding rates: every row is checked, and all rows go in or none.

    Exit codes: 0 imported (also when nothing was new), 2 wrong usage, 3 the file or a row is bad,
    4 stored rows differ (see --replace), 5 the store is busy or damaged.
    """
    store = CandleStore(home_folder(str(home) if home else None))
    target = Target(exchange=exchange, symbol=symbol, timeframe=timeframe, replace=replace)
    note = Console(stderr=True, highlight=False)
    try:
        with note.status("opening") as status:
            done = import_file(store, file, target, now=WallClock().now(), progress=status.update)
    except (BadInput, CandleFileBroken, StoreBusy, StoreFailed) as error:
        raise typer.Exit(failed(error, as_json=as_json)) from error
    if as_json:
        typer.echo(json.dumps(_imported(done)))
    else:
        typer.echo(_summary(done))


@app.command("list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every stored series: first and last bar, bars, gaps. Exit 5 when a file is damaged."""
    store = CandleStore(home_folder(str(home) if home else None))
    try:
        stored: list[Series | FundingSeries] = [*store.series(), *store.funding_series()]
        rows = [_row(series, store.coverage(series)) for series in stored]
    except CandleFileBroken as error:
        raise typer.Exit(failed(error, as_json=as_json)) from error
    if as_json:
        typer.echo(json.dumps(rows))
    elif rows:
        width = None if sys.stdout.isatty() else WIDE
        Console(highlight=False, width=width).print(_table(rows))
    else:
        typer.echo(f"no market data in {store.home}; see `outcry data import --help`")


def _imported(done: Imported) -> dict[str, Any]:
    merge = {"added": done.merge.added, "equal": done.merge.equal, "replaced": done.merge.replaced}
    return {**_row(done.series, done.file), **merge}


def _row(series: Series | FundingSeries, coverage: Coverage) -> dict[str, Any]:
    return {
        "kind": "candles" if isinstance(series, Series) else "funding",
        "exchange": series.exchange,
        "symbol": series.symbol,
        "timeframe": series.timeframe if isinstance(series, Series) else None,
        "first": coverage.first.isoformat(),
        "last": coverage.last.isoformat(),
        "rows": coverage.rows,
        "gaps": coverage.gaps,
        "missing": coverage.missing,
    }


def _summary(done: Imported) -> str:
    span = f"{done.file.first:%Y-%m-%d %H:%M} to {done.file.last:%Y-%m-%d %H:%M}"
    gaps = f"{done.file.gaps} gaps with {done.file.missing} missing bars" if done.file.gaps else "no gaps"
    merge = f"{done.merge.added:,} new, {done.merge.equal:,} already there"
    if done.merge.replaced:
        merge += f", {done.merge.replaced:,} replaced"
    return f"{done.series}: {done.file.rows:,} rows, {span}, {gaps}; {merge}"


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("exchange", "symbol", "timeframe", "first", "last"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "gaps", "missing"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        counts = f"{row['rows']:,}", str(row["gaps"]), str(row["missing"])
        names = row["exchange"], row["symbol"], row["timeframe"] or "funding"
        table.add_row(*names, row["first"][:10], row["last"][:10], *counts)
    return table
