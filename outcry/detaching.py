"""``outcry up --detach``: open in the background, return when the floor is ready."""

import subprocess
from pathlib import Path
from time import monotonic, sleep

import typer

from outcry import runfile
from wire.config import home_folder

READY_S = 120.0


def wait_until_ready(child: "subprocess.Popen[bytes]", log: Path, words: list[str]) -> int:
    """Wait for the first round, then print what the opening floor printed. Returns the exit code."""
    given = (
        words[words.index("--home") + 1]
        if "--home" in words
        else next((w[7:] for w in words if w.startswith("--home=")), None)
    )
    home = home_folder(given)
    deadline = monotonic() + READY_S
    while monotonic() < deadline:
        code = child.poll()
        done = code is not None
        if done or (runfile.running(home) and runfile.read_json(home / "run" / "progress.json")):
            sleep(0.5)  # the lines about the first round are being printed
            typer.echo(log.read_text(), nl=False)
            log.unlink()
            return code or 0
        sleep(0.1)
    child.terminate()
    typer.echo(log.read_text(), nl=False)
    typer.echo(f"outcry: not ready after {READY_S:.0f} s; it was stopped. Logs: {home / 'logs'}", err=True)
    return 1
