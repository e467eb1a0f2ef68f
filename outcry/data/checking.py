"""``outcry data verify`` and ``outcry data repair``: are the stored files whole, and how they become so again."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from db.candles import CandleStore, FundingSeries, Series
from db.candles.series import parse_series
from db.candles.sync.repairing import Repaired, drop
from db.candles.sync.repairing import repair as repair_month
from db.candles.verifying import Damage, Verified
from db.candles.verifying import verify as verify_files
from openoutcry.errors import BadInput, OpenOutcryError
from outcry.data.failing import EXIT_STORE
from outcry.options import HomeOption, JsonOption
from wire import logs
from wire.clock import WallClock
from wire.config import home_folder
from wire.exchanges import refuse_unknown

EXIT_FAILED = 1
SeriesArgument = Annotated[
    list[str] | None, typer.Argument(help="e.g. 'binance BTC/USDT 1h' [default: all that are stored]")
]


def verify(series: SeriesArgument = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read every stored file: checksums, footers, and the rules every row has to keep. Exit 5 when one is damaged."""
    found = _verified(CandleStore(home_folder(str(home) if home else None)), series or [])
    if as_json:
        body = {"series": found.series, "files": found.files, "rows": found.rows}
        typer.echo(json.dumps({**body, "damaged": [_damage(one) for one in found.damaged]}))
    else:
        for one in found.damaged:
            typer.echo(f"damaged: {one.path}: {one.reason}")
        typer.echo(
            f"{found.series} series, {found.files} files, {found.rows:,} rows, {len(found.damaged)} damaged"
        )
        if found.damaged:
            typer.echo("`outcry data repair` fetches the damaged months again")
    if found.damaged:
        raise typer.Exit(EXIT_STORE)


def repair(
    series: SeriesArgument = None,
    dropping: Annotated[
        bool, typer.Option("--drop", help="only put damaged files aside; their months are then missing")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch damaged months again from their exchange and exchange the files; the damaged ones go to {home}/quarantine.

    A file whose month cannot be fetched stays as it is. Exit codes: 0 nothing is damaged any more, 1 something is.
    """
    logs.configure("repair", level="ERROR")
    store = CandleStore(home_folder(str(home) if home else None))
    damaged = _verified(store, series or []).damaged
    done = [drop(store, one) for one in damaged] if dropping else asyncio.run(_repaired(store, damaged))
    if as_json:
        typer.echo(json.dumps({"repaired": [_outcome(one) for one in done]}))
    for one in [] if as_json else done:
        if one.error:
            typer.echo(f"{one.damage.path}: not repaired: {one.error}", err=True)
        else:
            typer.echo(
                f"{one.damage.path}: {one.rows:,} rows in its place; the damaged file is {one.kept_at}"
            )
    if not done and not as_json:
        typer.echo("nothing is damaged")
    if any(one.error for one in done):
        raise typer.Exit(EXIT_FAILED)


def _verified(store: CandleStore, names: list[str]) -> Verified:
    stored: list[Series | FundingSeries] = [*store.series(), *store.funding_series()]
    asked = [parse_series(name) for name in names]
    for one in asked:
        if one not in stored:
            raise BadInput(f"series: nothing is stored of {one}; see `outcry data list`", field="series")
    with Console(stderr=True, highlight=False).status("verifying") as status:
        return verify_files(
            store,
            asked or stored,
            now=WallClock().now(),
            progress=lambda text: status.update(f"verifying {text}"),
        )


async def _repaired(store: CandleStore, damaged: tuple[Damage, ...]) -> list[Repaired]:
    from mcp_servers.market.sources.opening import opened_history  # only what is damaged needs an exchange

    done: list[Repaired] = []
    notes = Console(stderr=True, highlight=False)
    for exchange in dict.fromkeys(one.series.exchange for one in damaged):
        mine = [one for one in damaged if one.series.exchange == exchange]
        try:
            refuse_unknown(exchange)
        except OpenOutcryError:
            done += [
                Repaired(one, error=f"{exchange} is no exchange that can be asked; {ASIDE}") for one in mine
            ]
            continue
        async with opened_history(store.home, exchange, notice=notes.print) as history:
            done += [await repair_month(store, one, history, WallClock()) for one in mine]
    return done


ASIDE = "--drop puts the file aside, then import or generate its month again"


def _damage(one: Damage) -> dict[str, Any]:
    return {"series": str(one.series), "month": one.month, "path": str(one.path), "reason": one.reason}


def _outcome(one: Repaired) -> dict[str, Any]:
    kept: Path | None = one.kept_at
    return {**_damage(one.damage), "rows": one.rows, "kept_at": kept and str(kept), "error": one.error}
