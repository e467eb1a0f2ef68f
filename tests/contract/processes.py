"""Servers and agents as the processes they are, all of one kind of floor."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from wire.config import DEFAULT_ORG
from wire.tokens import Caller, derive_key, mint_caller

ROOT = "the floor key of the process tests"
FOLDER = Path(__file__).resolve().parents[2]
HOSTED = ("market", "indicators", "risk", "execution", "memory", "agent-trend")
STARTS_WITHIN_S = 90.0


@dataclass(frozen=True)
class Ground:
    """What the processes stand on."""

    home: Path
    database_url: str

    def command(self, name: str, *more: str) -> list[str]:
        """The command line of a server or an agent."""
        module = (
            ["agents", name.removeprefix("agent-")] if name.startswith("agent-") else [f"mcp_servers.{name}"]
        )
        return [sys.executable, "-m", *module, "--home", str(self.home), *more]

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        return clean | {
            "OUTCRY_FLOOR_KEY": ROOT,
            "OUTCRY_DATABASE_URL": self.database_url,
            "OUTCRY_MARKET": "recorded",
            "OUTCRY_TIMEFRAME": "1h",
        }

    def start(self, name: str, *more: str, out: IO[bytes] | int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """The process, with pipes for stdin and stdout."""
        return subprocess.Popen(
            self.command(name, *more),
            env=self.environment(),
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )


def bearer(
    name: str, *scopes: str, audience: str = "", root: str = ROOT, expires_at: float | None = None
) -> str:
    """A token for a server, signed with its key; ``audience`` is whom it says it is for."""
    caller = Caller(
        client_id="tests",
        audience=audience or name,
        scopes=scopes,
        org_id=DEFAULT_ORG,
        expires_at=expires_at,
    )
    return mint_caller(derive_key(root.encode(), name), caller)


@contextmanager
def listening(ground: Ground, names: tuple[str, ...] = HOSTED) -> Iterator[dict[str, str]]:
    """The URL of each, all answering over HTTP until the block ends."""
    ports = {name: _free_port() for name in names}
    started = {
        name: ground.start(name, "--port", str(port), out=subprocess.DEVNULL) for name, port in ports.items()
    }
    try:
        for name, port in ports.items():
            _await(port, started[name], name)
        yield {name: f"http://127.0.0.1:{port}/mcp" for name, port in ports.items()}
    finally:
        for process in started.values():
            process.terminate()
        for name, process in started.items():
            assert process.wait(15) in (0, -signal.SIGTERM), name


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _await(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{name} ended"
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{name} does not answer")
