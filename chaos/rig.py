"""A live floor with every process, on real Postgres, at the practice exchange: started, asked, and closed from outside."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import psutil

from chaos.checker.exchange import There, read

ROOT = Path(__file__).resolve().parents[1]
ADMIN_KEY = "chaos-admin-key-0123456789abcdef"
CONFIG = """\
trading: {mode: live}
hedging: {threshold: 0.2}
regimes: {train: false}
risk:
  breaker_halts: false
  max_daily_loss: 1.0
  max_drawdown: 1.0
  max_position_size: 1.0
  max_orders_per_minute: 100000
  max_orders_per_day: 10000000
  max_orders_per_round: 100
  max_repeats: 10000
"""
WORDS = "trade live on binance with 10000"
OPENS_WITHIN_S = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sandbox:
    """``outcry sandbox`` as a process; it is never killed, it is the oracle."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.url, self.key, self.secret, self._token = "", "", "", ""
        self._file = folder / "account.json"
        port = free_port()
        words = ["sandbox", "--port", str(port), "--seed", str(seed), "--account-file", str(self._file)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "outcry", *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def opened(self) -> None:
        until = monotonic() + OPENS_WITHIN_S
        while not self._file.exists() or not self._file.read_text().strip():
            if monotonic() > until or self._process.poll() is not None:
                raise RuntimeError("the practice exchange does not open")
            await asyncio.sleep(0.1)
        said = json.loads(self._file.read_text())
        self.url, self.key, self.secret, self._token = (
            said["url"],
            said["key"],
            said["secret"],
            said["control"],
        )

    async def act(self, session: aiohttp.ClientSession, what: str, **body: Any) -> Any:
        """What the control API answers. Raises RuntimeError when it refuses: an answer would go unspoiled unnoticed."""
        async with session.post(f"{self.url}/__control/{what}", json=body, headers=self._headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{what} {body}: {await answer.text()}")
            return await answer.json()

    async def show(self, session: aiohttp.ClientSession, what: str) -> Any:
        async with session.get(f"{self.url}/__control/{what}", headers=self._headers) as answer:
            return await answer.json()

    async def account(self, session: aiohttp.ClientSession) -> tuple[There, dict[str, str]]:
        """The trader's account, and what does not add up in the exchange itself."""
        books = await self.show(session, "books")
        return read(books["accounts"]["trader"]), books["difference"]

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-Sandbox-Control": self._token}

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)


def lives(pid: int) -> bool:
    """Whether there is such a process, and not only its remains of which nobody has asked yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class LiveFloor:
    """``outcry up --live`` in a home of its own. ``points`` is the folder in which crash points are planted."""

    def __init__(self, folder: Path, sandbox: Sandbox, timeframe: str = "1m") -> None:
        self.home, self.points = folder / "home", folder / "points"
        self.home.mkdir()
        self.points.mkdir()
        (self.home / "config.yaml").write_text(CONFIG)
        self._sandbox, self._timeframe, self._log = sandbox, timeframe, folder / "floor.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")} | {
            "OUTCRY_ADMIN_KEY": ADMIN_KEY,
            "OUTCRY_EXCHANGE_KEY": self._sandbox.key,
            "OUTCRY_EXCHANGE_SECRET": self._sandbox.secret,
            "OUTCRY_CRASHPOINT": str(self.points),
            "PYTHONPATH": str(ROOT),
        }
        words = ["--home", str(self.home), "--port", str(self.port), "--market", "live"]
        words += ["--timeframe", self._timeframe, "--exchange-url", self._sandbox.url]
        words += ["--live", "--confirm", WORDS, "--workers", "0"]
        with self._log.open("a") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "outcry", "up", *words],
                cwd=self.home, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _lives(self) -> None:
        """Raises RuntimeError when the floor closed by itself: nothing is to be waited for then."""
        if self.ended():
            raise RuntimeError(f"the floor closed by itself: {self.said()}")

    def pids(self) -> dict[str, int]:
        """What runs by the supervisor's word, and Postgres by its own."""
        try:
            said = json.loads((self.home / "run" / "floor.json").read_text())
            base = json.loads((self.home / "run" / "postgres.json").read_text())
        except (OSError, ValueError):
            return {}
        return {**said["pids"], "postgres": base["pid"]}

    def database(self) -> str:
        return str(json.loads((self.home / "run" / "postgres.json").read_text())["url"])

    def backend(self) -> int | None:
        """One of Postgres' own processes that serves a connection."""
        try:
            children = psutil.Process(self.pids()["postgres"]).children()
            serving = [one.pid for one in children if "outcry" in " ".join(one.cmdline())]
        except (psutil.Error, KeyError):
            return None
        return serving[0] if serving else None

    async def ready(self, session: aiohttp.ClientSession) -> bool:
        """Every process lives and the API reaches the database. Raises RuntimeError when the floor closed by itself."""
        self._lives()
        found = self.pids()
        if not found or not all(lives(pid) for pid in found.values()):
            return False
        try:
            wait = aiohttp.ClientTimeout(total=3)
            async with session.get(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=wait) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def swept(self, session: aiohttp.ClientSession) -> bool:
        """Everything is closed that the halt wanted closed."""
        said = await self.ask(session, "GET", "/api/v1/trade/halt", None, None, 5.0)
        return said is not None and said[0] == 200 and bool(said[1]["swept"])

    async def ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        key: str | None,
        within_s: float,
    ) -> tuple[int, Any] | None:
        """One request with an idempotency key; None when no answer came. Raises RuntimeError as ``ready`` does."""
        self._lives()
        headers = {"X-API-Key": ADMIN_KEY} | ({} if key is None else {"Idempotency-Key": key})
        try:
            wait = aiohttp.ClientTimeout(total=within_s)
            url = f"http://127.0.0.1:{self.port}{path}"
            async with session.request(method, url, json=body, headers=headers, timeout=wait) as answer:
                return answer.status, await answer.json()
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
            return None

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        _, alive = psutil.wait_procs(family, timeout=5)
        for left in alive:
            left.kill()

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text()[-4000:]
