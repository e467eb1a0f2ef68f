"""``outcry data sync``: an exchange's candles and funding rates into the store."""

import asyncio
import json
import signal
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from db.candles.sync.request import SyncRequest
from db.candles.sync.result import SyncResult
from openoutcry.errors import BadInput
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe
from outcry.options import HomeOption, JsonOption
from wire import logs
from wire.clock import WallClock
from wire.config import home_folder, parse_when
from wire.exchanges import refuse_unknown

EXIT_FAILED, EXIT_USAGE, EXIT_STOPPED = 1, 2, 130
SymbolsOption = Annotated[str, typer.Option(help="comma-separated, e.g. BTC/USDT,ETH/USDT:USDT")]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="ISO, UTC [default: the first stored bar, or a year ago]"),
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="ISO, UTC; a date includes that day [default: now]")
]


def sync(
    symbols: SymbolsOption,
    exchange: Annotated[str, typer.Option(help="any exchange ccxt knows")] = "binance",
    timeframe: Annotated[str, typer.Option(help="bar length, e.g. 1m, 1h, 1d")] = "1h",
    start: FromOption = None,
    end: ToOption = None,
    refresh: Annotated[
        bool, typer.Option("--force-refresh", help="fetch everything again, and take what has changed")
    ] = False,
    funding: Annotated[bool, typer.Option("--funding", help="funding rates of the perpetuals too")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what the store lacks: new bars and holes. Stopped at any point, the same command goes on from there.

    Only closed bars are taken, every row is checked, and times the exchange has nothing of are not asked for again.
    Exit codes: 0 completed, 1 some or all of it failed, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    logs.configure("sync", level="ERROR")
    request = asked(exchange, symbols, timeframe, start, end, force_refresh=refresh, funding=funding)
    began = perf_counter()
    result, stopped = asyncio.run(_synced(home_folder(str(home) if home else None), request, quiet=as_json))
    body = result.body(perf_counter() - began, WallClock().now())
    if as_json:
        typer.echo(json.dumps(body))
    else:
        _tell(body)
    if stopped:
        raise typer.Exit(EXIT_STOPPED)
    if result.status != "completed":
        raise typer.Exit(EXIT_USAGE if result.misasked else EXIT_FAILED)


def asked(
    exchange: str, symbols: str, timeframe: str, start: str | None, end: str | None, **flags: bool
) -> SyncRequest:
    """The options as a request. Raises BadInput naming the option."""
    refuse_unknown(exchange)
    names = symbol_list(symbols)
    if not names:
        raise BadInput("--symbols: name at least one, e.g. BTC/USDT", field="symbols")
    request = SyncRequest.asked(
        exchange=exchange,
        symbols=names,
        timeframe=parse_timeframe(timeframe, field="--timeframe"),
        start=parse_when(start, field="--from"),
        end=parse_end(end),
        **flags,
    )
    request.check_times(WallClock().now(), names=("--from", "--to"))
    return request


def symbol_list(text: str) -> tuple[str, ...]:
    """Comma-separated symbols. Raises BadSymbol naming the option."""
    return tuple(canonical(name, field="--symbols") for name in text.split(",") if name.strip())


def parse_end(text: str | None) -> datetime | None:
    """A bare date includes that day: the end is exclusive in the store."""
    at = parse_when(text, field="--to", end=True)
    return at + timedelta(microseconds=1) if at is not None and at.microsecond == 999_999 else at


async def _synced(home: Path, request: SyncRequest, *, quiet: bool) -> tuple[SyncResult, bool]:
    """The result, and whether it was cut short by Ctrl-C or SIGTERM."""
    from db.candles import CandleStore
    from db.candles.sync.syncing import Syncing
    from mcp_servers.market.sources.opening import opened_history  # nothing else here needs an exchange
    from outcry.data.progress import SyncBar

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with SyncBar(quiet=quiet) as bar:
        async with opened_history(home, request.exchange, notice=bar.notice) as history:
            syncing = Syncing(history, CandleStore(home), request, WallClock(), watch=bar.watch)
            try:
                return await syncing.run(), False
            except asyncio.CancelledError:
                return syncing.result, True


def _tell(body: dict[str, Any]) -> None:
    for series in body["series"]:
        line = f"{series['symbol']} {series['timeframe']}: {series['new_rows']:,} new"
        if series["replaced_rows"]:
            line += f", {series['replaced_rows']:,} replaced"
        if series["absent_rows"]:
            line += f"; the exchange has nothing of {', '.join(series['absent'][:3])}"
            line += f" and {len(series['absent']) - 3} times more" if len(series["absent"]) > 3 else ""
        typer.echo(line)
        for path in series["repaired"]:
            typer.echo(f"  was damaged and has been fetched again: {path}")
        if series["changed"] and not series["replaced_rows"]:
            typer.echo(
                f"  changed at the exchange, kept here (--force-refresh takes it): {series['changed'][0]}"
            )
        if series["error"]:
            typer.echo(f"  {series['error']}", err=True)
    typer.echo(
        f"{body['status']}: {body['symbols_synced']} symbols, {body['new_rows']:,} new rows in "
        f"{body['sync_duration_ms'] / 1000:.1f} s"
    )
