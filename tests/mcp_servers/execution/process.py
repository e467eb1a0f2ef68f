"""The execution server as a real process that can be killed and started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.request import urlopen

import asyncpg

from tests.mcp_servers.execution.floor import ROOT, Floor, bearer, prepared
from wire.connect import Connection

STARTS_WITHIN_S = 60.0


class ServerProcess:
    """One ``python -m mcp_servers.execution``; ``crashpoint`` as in wire/crashpoint.py."""

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        self._url = url
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, crashpoint: str | None = None) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        env |= {"OUTCRY_FLOOR_KEY": ROOT.decode(), "OUTCRY_MARKET": "recorded", "OUTCRY_TIMEFRAME": "1h"}
        if crashpoint is not None:
            env["OUTCRY_CRASHPOINT"] = crashpoint
        where = ["--port", str(self.port), "--home", str(self._home), "--database-url", self._url]
        command = [sys.executable, "-m", "mcp_servers.execution", *where]
        self._process = subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def ready(self) -> None:
        """Return once it answers; fail when it ended instead."""
        deadline = monotonic() + STARTS_WITHIN_S
        while monotonic() < deadline:
            assert self._process is not None and self._process.poll() is None, "the server ended"
            try:
                await asyncio.to_thread(
                    lambda: urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2).close()
                )
                return
            except (URLError, OSError):
                await asyncio.sleep(0.05)
        raise AssertionError("the server did not answer")

    async def killed(self, within_s: float = 20.0) -> bool:
        """Whether the process died of SIGKILL."""
        assert self._process is not None
        try:
            return await asyncio.to_thread(self._process.wait, within_s) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    async def stopped(self, within_s: float = 30.0) -> None:
        """Return once the process stands still."""
        assert self._process is not None
        state, deadline = Path(f"/proc/{self._process.pid}/stat"), monotonic() + within_s
        while monotonic() < deadline:
            if (await asyncio.to_thread(state.read_text)).rpartition(")")[2].split()[0] == "T":
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the process did not stop")

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(15)


@asynccontextmanager
async def floor_of_processes(home: Path, url: str) -> AsyncIterator[tuple[Floor, ServerProcess]]:
    """A prepared floor and a server process, not started yet; killed at the end."""
    pool: asyncpg.Pool = await prepared(home, url)
    (home / "config.yaml").write_text("venue: {half_spread_bps: 0, slippage_bps: 0}\n")
    server = ServerProcess(home, url)
    connection = Connection("execution", f"http://127.0.0.1:{server.port}/mcp", bearer())
    try:
        yield Floor(home, pool, connection), server
    finally:
        await connection.close()
        server.kill()
        await pool.close()
