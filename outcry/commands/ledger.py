"""``outcry ledger``: is everything still what was written?"""

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

if TYPE_CHECKING:
    from db.verify import Verification

app = typer.Typer(no_args_is_help=True)
SHOWN = 20


@app.callback()
def group() -> None:
    """The hash-chained ledger and the rows that follow from it."""


@app.command()
def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Walk every session's chain and every row that follows from it. Exit 1 and name what was altered."""
    from db.verify import Verification, verify_all  # opens the database: not needed for --help
    from outcry.database import floor_database

    folder = home_folder(str(home) if home else None)

    async def run() -> list[Verification]:
        async with floor_database(folder) as pool:
            return await verify_all(pool, folder)

    found = asyncio.run(run())
    ok = all(session.ok for session in found)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "sessions": [_plain(session) for session in found]}))
    else:
        for session in found:
            _show(session)
        if not found:
            typer.echo("no session yet: nothing to verify")
    if not ok:
        raise typer.Exit(1)


def _plain(session: "Verification") -> dict[str, object]:
    return {
        "session_id": str(session.session_id),
        "ok": session.ok,
        "records": session.records,
        "head_seq": session.head_seq,
        "head_hash": session.head_hash,
        "anchored": session.anchored,
        "in_flight": session.in_flight,
        "findings": [
            {
                "table": f.table,
                "id": str(f.id),
                "column": f.column,
                "expected": str(f.expected),
                "found": str(f.found),
            }
            for f in session.findings
        ],
    }


def _show(session: "Verification") -> None:
    state = "ok" if session.ok else "ALTERED"
    anchor = "" if session.anchored else "  (no anchor file: a cut tail would not be seen)"
    typer.echo(
        f"{state}  session {session.session_id}  {session.records} records  head {session.head_hash}{anchor}"
    )
    for f in session.findings[:SHOWN]:
        typer.echo(f"  {f.table} {f.id} {f.column}: expected {f.expected}, found {f.found}")
    if len(session.findings) > SHOWN:
        typer.echo(f"  … and {len(session.findings) - SHOWN} more (--json has them all)")
