"""``outcry reconcile``: is the exchange account what our books say?"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder

app = typer.Typer()
UrlOption = Annotated[
    str | None, typer.Option("--exchange-url", help="the practice exchange's address, http://127.0.0.1:PORT")
]
SymbolOption = Annotated[
    list[str] | None, typer.Option("--symbol", help="a symbol of the account, repeatable")
]
WatchOption = Annotated[
    bool, typer.Option("--watch", help="go on: compare when a stream hints, and on a schedule")
]
LastOption = Annotated[
    int, typer.Option("--last", help="show the newest stored comparisons instead", min=0, max=100)
]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="whose dialect it speaks")]
EXIT_DIFFERENT = 3


@app.command()
def reconcile(
    exchange_url: UrlOption = None,
    symbol: SymbolOption = None,
    exchange: ExchangeOption = "binance",
    watch: WatchOption = False,
    last: LastOption = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare an exchange account with our books: orders, fills, balances, positions; book, adopt or halt by policy.

    The key is in OUTCRY_EXCHANGE_KEY and OUTCRY_EXCHANGE_SECRET, or in files named by the same with _FILE.
    Exit 0 when nothing differs, 3 when something did, 1 when the exchange does not say.
    """
    folder = home_folder(str(home) if home else None)
    if last:
        _print(asyncio.run(_stored(folder, last)), as_json)
        return
    found = asyncio.run(
        _compared(folder, exchange, exchange_url, tuple(symbol or ("BTC/USDT",)), watch, as_json)
    )
    if found:
        raise typer.Exit(EXIT_DIFFERENT)


async def _compared(
    folder: Path, exchange: str, url: str | None, symbols: tuple[str, ...], watch: bool, as_json: bool
) -> int:
    from outcry.account_opening import opened_account

    async with opened_account(folder, exchange, url, symbols) as account:
        told = await account.once()
        _print(told, as_json)
        if watch:
            async for told in account.watched():
                _print(told, as_json)
        return len(told)


async def _stored(folder: Path, count: int) -> list[dict[str, Any]]:
    from uuid import UUID

    from db.venue_books import latest
    from outcry.database import floor_database

    async with floor_database(folder) as pool:
        rows = await latest(pool, UUID(DEFAULT_ORG), count)
    return [
        {**one, "at": row["at"].isoformat(), "exchange": row["exchange"]}
        for row in rows
        for one in row["differences"]
    ]


def _print(told: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told))
        return
    if not told:
        typer.echo("nothing differs")
    for one in told:
        where = one["symbol"] or "account"
        halts = f", halts {'everything' if one['halts'] == '*' else one['halts']}" if one["halts"] else ""
        typer.echo(f"{one['kind']:<17} {where} {one['subject']}: {one['reason']} -> {one['action']}{halts}")
