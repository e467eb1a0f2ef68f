"""``outcry down``: close a floor that runs in the background."""

import contextlib
import os
import signal
from time import monotonic, sleep

import typer

from outcry import runfile
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer()
WAIT_S = 20.0


@app.command()
def down(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop the floor that runs in this home and wait until it is gone. Exit 0 also when none runs."""
    folder = home_folder(str(home) if home else None)
    found = runfile.running(folder)
    if found is None:
        typer.echo('{"stopped": false}' if as_json else f"no floor runs in {folder}")
        return
    with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
        os.kill(found.pid, signal.SIGTERM)
    deadline = monotonic() + WAIT_S
    while runfile.alive(found) and monotonic() < deadline:  # its file goes first, the database last
        sleep(0.1)
    if runfile.alive(found):
        typer.echo(f"outcry: process {found.pid} did not stop within {WAIT_S:.0f} s", err=True)
        raise typer.Exit(1)
    typer.echo('{"stopped": true}' if as_json else "floor closed")
