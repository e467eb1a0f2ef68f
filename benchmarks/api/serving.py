"""Servers for a benchmark, one process each."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from benchmarks.machine import ROOT

PEERS = (
    "fastapi==0.165.0",
    "uvicorn==0.54.0",
    "httptools==0.9.0",
    "uvloop==0.23.0",
    "asyncpg==0.32.0",
    "msgspec==0.22.0",
)
UVICORN = (
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
    "--lifespan",
    "on",
)
UNHURRIED = {
    "OUTCRY_API_RATE": "1000000", "OUTCRY_API_BURST": "1000000", "OUTCRY_API_SOCKETS": "10000",
    "OUTCRY_API_SOCKETS_PER_ADDRESS": "10000", "OUTCRY_API_SOCKETS_PER_KEY": "10000",
}  # fmt: skip
"""One caller on one address stands for many: the limits are counted as ever, and never reached."""


def install(folder: Path) -> Path:
    """A fresh environment with the peers; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder / "peers"], check=True)
    python = folder / "peers" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], env: Mapping[str, str], path: str, log: Path) -> Iterator[tuple[str, int]]:
    """A server that answers ``path``: its address and process id. ``{port}`` in the command is its port."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    with log.open("a") as out:
        started = subprocess.Popen(
            [word.replace("{port}", str(port)) for word in command],
            cwd=ROOT,
            env={**clean, **env},
            stdout=out,
            stderr=out,
        )
    try:
        _wait(f"http://127.0.0.1:{port}{path}", started, log)
        yield f"127.0.0.1:{port}", started.pid
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()


def _wait(url: str, started: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        if started.poll() is not None:
            raise RuntimeError(f"ended with {started.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            sleep(0.05)
    raise RuntimeError(f"{url} did not answer: {log.read_text()[-2000:]}")


def ours(url: str, home: Path) -> tuple[list[str], dict[str, str]]:
    """The product's API, as it is started."""
    command = [sys.executable, "-m", "api", "--port", "{port}", "--home", str(home), "--database-url", url]
    return command, {**UNHURRIED, "PYTHONPATH": str(ROOT)}


def forgetful(command: list[str]) -> list[str]:
    """The same, but every list is read from the database however lately it was read before."""
    python, _, module, *arguments = command
    run = "import db.unchanged, runpy; db.unchanged.LARGEST = -1; runpy.run_module({module!r}, run_name='__main__')"
    return [python, "-c", run.format(module=module), *arguments]


def peer(python: Path, module: str) -> list[str]:
    """A peer on uvicorn, as fast as that is."""
    return [str(python), "-m", "uvicorn", f"{module}:app", "--port", "{port}", *UVICORN]
