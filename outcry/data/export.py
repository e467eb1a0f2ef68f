"""``outcry data export``: a stored series as a file for other programs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from db.candles import CandleFileBroken, CandleStore
from db.candles.exporting import export_file
from db.candles.series import parse_series
from db.candles.store import FIRST, LAST
from openoutcry.errors import BadInput
from outcry.data.failing import failed
from outcry.data.sync import parse_end
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder, parse_when


def export(
    series: Annotated[str, typer.Argument(help="'binance BTC/USDT 1h', or 'binance BTC/USDT:USDT funding'")],
    out: Annotated[
        Path, typer.Option("--out", help="file to write: .parquet, .csv, .json, .csv.gz or .json.gz")
    ],
    start: Annotated[str | None, typer.Option("--from", help="ISO, UTC [default: the first row]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO, UTC; a date includes that day")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace a file that is there")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a series to a file; `outcry data import` gives the same rows back, bit for bit.

    Exit codes: 0 written, 1 nothing to write, 2 wrong usage, 5 a stored file is damaged.
    """
    first, last = parse_when(start, field="--from") or FIRST, parse_end(end) or LAST
    if first >= last:
        raise BadInput("--from: must be before --to", field="from")
    found = parse_series(series)
    try:
        rows = export_file(
            CandleStore(home_folder(str(home) if home else None)),
            found, out, start=first, end=last, overwrite=overwrite,
        )  # fmt: skip
    except CandleFileBroken as error:
        raise typer.Exit(failed(error, as_json=as_json)) from error
    if as_json:
        typer.echo(json.dumps({"series": str(found), "file": str(out), "rows": rows}))
    else:
        typer.echo(f"{found}: {rows:,} rows in {out}")
