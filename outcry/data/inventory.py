"""``outcry data symbols`` and ``outcry data freshness``: what there is, and how old it is."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from db.candles import CandleStore
from db.candles.inventory import freshness_by_symbol, last_closes, stored_symbols
from openoutcry.errors import BadInput
from openoutcry.market.freshness import STALE_HOURS
from outcry.options import HomeOption, JsonOption
from wire import logs
from wire.clock import WallClock
from wire.config import home_folder
from wire.exchanges import refuse_unknown

EXIT_STALE = 3


def symbols(
    exchange: Annotated[
        str | None, typer.Option(help="of this one [default: binance; of stored ones, all]")
    ] = None,
    source: Annotated[
        str, typer.Option(help="exchange: what it lists now; stored: what has candles here")
    ] = "stored",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the symbols with stored candles, or those an exchange lists (spot pairs and linear perpetuals)."""
    folder = home_folder(str(home) if home else None)
    if source == "exchange":
        refuse_unknown(exchange or "binance")
        logs.configure("symbols", level="ERROR")
        found = asyncio.run(_listed(folder, exchange or "binance"))
    elif source == "stored":
        found = _stored(folder, exchange)
    else:
        raise BadInput(f"--source: {source!r} must be exchange or stored", field="source")
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo("\n".join(found["symbols"]) or f"no candles in {folder}; see `outcry data sync --help`")


async def _listed(home: Path, exchange: str) -> dict[str, Any]:
    from mcp_servers.market.sources.opening import opened_history  # stored symbols need no exchange

    async with opened_history(home, exchange) as history:
        listing = await history.listing()
    at = WallClock().now()
    return _body(exchange, "exchange", list(listing.symbols), f"{at:%Y-%m-%dT%H:%M:%SZ}")


def _stored(home: Path, exchange: str | None) -> dict[str, Any]:
    store = CandleStore(home)
    closes = last_closes(store, [one for one in store.series() if exchange in (None, one.exchange)])
    newest = max((at for at in closes.values() if at is not None), default=None)
    updated = None if newest is None else f"{newest:%Y-%m-%dT%H:%M:%SZ}"
    return _body(exchange, "stored", stored_symbols(store, exchange), updated)


def _body(exchange: str | None, source: str, names: list[str], updated: str | None) -> dict[str, Any]:
    return {
        "symbols": names,
        "exchange": exchange,
        "source": source,
        "count": len(names),
        "last_updated": updated,
    }


def freshness(
    symbols: Annotated[
        str | None, typer.Option(help="comma-separated [default: all that are stored]")
    ] = None,
    threshold_hours: Annotated[float, typer.Option(help="older than this is stale")] = STALE_HOURS,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """How old the newest bar of each symbol is, from its close. Exit 3 when any is stale or not stored."""
    if not 0 < threshold_hours < 1e6:
        raise BadInput(f"--threshold-hours: {threshold_hours} must be positive", field="threshold_hours")
    asked = [name.strip() for name in (symbols or "").split(",") if name.strip()]
    now = WallClock().now()
    found = freshness_by_symbol(
        CandleStore(home_folder(str(home) if home else None)), asked, threshold_hours, now
    )
    body = {
        "freshness": {name: one.body() for name, one in found.items()},
        "threshold_hours": threshold_hours,
        "checked_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    if as_json:
        typer.echo(json.dumps(body))
    else:
        Console(highlight=False).print(_table(body["freshness"]))
    if any(one.is_stale for one in found.values()):
        raise typer.Exit(EXIT_STALE)


def _table(rows: Any) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("symbol", "last update", "hours old", ""):
        table.add_column(name, no_wrap=True)
    for name, row in rows.items():
        hours = "" if row["hours_old"] is None else f"{row['hours_old']:,}"
        table.add_row(
            name, row["last_update"] or "not stored", hours, "stale" if row["is_stale"] else "fresh"
        )
    return table
