"""``outcry status``: what runs, and how the sessions stand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder, kill_file

app = typer.Typer()
NOT_RUNNING = 3


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the running floor's processes and its sessions. Exit 3 when no floor runs in this home."""
    folder = home_folder(str(home) if home else None)
    found = asyncio.run(look(folder))
    if as_json:
        typer.echo(json.dumps(found))
    else:
        show(found)
    if not found["running"]:
        raise typer.Exit(NOT_RUNNING)


async def look(home: Path) -> dict[str, Any]:
    """Floor, processes with memory, and open sessions, as plain data."""
    import psutil  # not needed for --help

    from db import halting
    from db.pool import open_pool
    from db.reads.latches import Reached, latches
    from db.summary import running_sessions
    from outcry import runfile
    from outcry.floordb import running_database
    from outcry.standing_still import halts_told, latches_told

    floor = runfile.running(home)
    if floor is None:
        return {"running": False, "home": str(home)}
    processes: dict[str, dict[str, Any]] = {}
    for name, pid in {"supervisor": floor.pid, **floor.pids}.items():
        try:
            processes[name] = {"pid": pid, "memory_mb": round(psutil.Process(pid).memory_info().rss / 1e6, 1)}
        except psutil.NoSuchProcess:
            processes[name] = {"pid": pid, "memory_mb": None}
    url = running_database(home)
    sessions: list[dict[str, Any]] = []
    halts: dict[str | None, dict[str, Any]] = {}
    reached: list[Reached] = []
    if url is not None:
        pool = await open_pool(url)
        try:
            sessions = await running_sessions(pool)
            halts = await halting.standing(pool)
            reached = await latches(pool)
        finally:
            await pool.close()
    return {
        "running": True, "home": str(home), "version": floor.version, "address": floor.address, "market": floor.market,
        "ports": floor.ports, "processes": processes, "sessions": sessions,
        "halts": [{"symbol": symbol, **halt} for symbol, halt in halts.items()],
        "kept_still": [*halts_told(halts, kill_file(home), latched=bool(reached)), *latches_told(reached)],
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """For a person."""
    if not found["running"]:
        typer.echo(f"no floor runs in {found['home']}")
        return
    typer.echo(
        f"Open Outcry {found['version']} · {found['market'].upper()} · {found['address']} · {found['home']}"
    )
    for name, process in found["processes"].items():
        port = found["ports"].get(name)
        memory = "gone, coming back" if process["memory_mb"] is None else f"{process['memory_mb']:>6.1f} MB"
        typer.echo(f"  {name:<16} pid {process['pid']:<8} {memory}  {f'port {port}' if port else ''}")
    for line in found["kept_still"]:
        typer.echo(f"  {line}")
    for session in found["sessions"]:
        typer.echo(
            f"  session {session['session_id']}  {session['symbol']} {session['timeframe']} {session['status']}  "
            f"round {session['head_seq']}  as of {session['as_of']}  equity {session['equity']}"
        )
