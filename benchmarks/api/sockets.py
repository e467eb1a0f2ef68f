"""2,000 WebSocket clients, a tenth of them stalled: ``python -m benchmarks.api.sockets``.

Events are written by the second connection of a database as the floor writes them, in transactions; delivery is from just
before the commit to the client's hands. Stalled clients never read: they are closed with 1013 and come to no good.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
import uvloop

from benchmarks.api.database import KEY, filled
from benchmarks.api.serving import ours, process
from benchmarks.machine import machine
from db import feed
from db.embedded import EmbeddedPostgres
from db.pool import open_pool
from openoutcry.ledger.announce import Event
from tests.factories import ORG, START

WAVE = 100
MARK = b'"sent_at":'


class Reader(asyncio.Protocol):
    """A client that reads: how long each event took, and the numbers it saw."""

    def __init__(self, took: list[float], hello: bytes) -> None:
        self._took, self._hello, self._rest = took, hello, b""
        self.opened = asyncio.get_running_loop().create_future()
        self.seen = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        self._rest += data
        if not self.opened.done():
            end = self._rest.find(b"\r\n\r\n")
            if end < 0:
                return
            self.opened.set_result(self._rest.startswith(b"HTTP/1.1 101"))
            self._rest = self._rest[end + 4 :]
        while (size := self._whole()) is not None:
            frame, self._rest = self._rest[:size], self._rest[size:]
            at = frame.find(MARK)
            if at > 0:
                self._took.append(now - float(frame[at + len(MARK) : frame.index(b"}", at)]))
                self.seen += 1

    def _whole(self) -> int | None:
        """Bytes of the first frame, if it is all there."""
        if len(self._rest) < 4:
            return None
        length = self._rest[1] & 127
        size = length + 2 if length < 126 else int.from_bytes(self._rest[2:4]) + 4
        return size if len(self._rest) >= size else None


def hello(address: str) -> bytes:
    """The upgrade."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /api/v1/ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nX-API-Key: {KEY}\r\n\r\n"
    ).encode()


def stalled(address: str) -> socket.socket:
    """A client that asks and never reads."""
    host, port = address.split(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((host, int(port)))
    made.sendall(hello(address))
    return made


async def connect(
    address: str, clients: int, stuck: int
) -> tuple[list[Reader], list[socket.socket], list[float]]:
    """All of them, in waves."""
    loop, took, readers = asyncio.get_running_loop(), [], []
    host, port = address.split(":")
    for start in range(0, clients - stuck, WAVE):
        wave = range(min(WAVE, clients - stuck - start))
        made = await asyncio.gather(
            *(loop.create_connection(lambda: Reader(took, hello(address)), host, int(port)) for _ in wave)
        )
        readers += [reader for _, reader in made]
        assert all(await asyncio.gather(*(reader.opened for _, reader in made)))
    dead = [stalled(address) for _ in range(stuck)]
    await asyncio.sleep(2)
    return readers, dead, took


def write(url: str, per_s: float, seconds: float, padding: int) -> None:
    """The floor's part, in a process of its own: trades, and what they do to positions."""

    async def main() -> None:
        pool = await open_pool(url)
        began = perf_counter()
        for number in range(int(per_s * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_s - perf_counter()))
            async with pool.acquire() as connection, connection.transaction():
                data = {"symbol": "BTC/USDT", "note": "x" * padding, "sent_at": perf_counter()}
                await feed.append_events(connection, ORG, [Event("trade", data, START)])
        await pool.close()

    uvloop.run(main())


async def measure(url: str, address: str, pid: int, args: argparse.Namespace) -> dict[str, object]:
    """Connect, write, listen."""
    stuck = args.clients // 10
    readers, dead, took = await connect(address, args.clients, stuck)
    api = psutil.Process(pid)
    connected = api.memory_info().rss
    writer = multiprocessing.get_context("spawn").Process(
        target=write, args=(url, args.per_s, args.seconds, args.padding)
    )
    writer.start()
    peak = connected
    while writer.is_alive():
        peak = max(peak, api.memory_info().rss)
        await asyncio.sleep(0.25)
    await asyncio.sleep(3)
    peak = max(peak, api.memory_info().rss)
    ordered, wanted = sorted(took), int(args.per_s * args.seconds)
    for each in dead:
        each.close()
    return {
        "clients": args.clients, "stalled": stuck, "events": wanted, "events per s": args.per_s, "bytes each": args.padding + 150,
        "healthy clients that heard all": sum(reader.seen == wanted for reader in readers), "deliveries": len(took),
        "p50 ms": round(1000 * ordered[len(ordered) // 2], 1), "p99 ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
        "worst ms": round(1000 * ordered[-1], 1), "MB when all are connected": round(connected / 1e6, 1),
        "growth MB": round((peak - connected) / 1e6, 1),
    }  # fmt: skip


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--per-s", type=float, default=2)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--padding", type=int, default=4000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name, ExitStack() as stack:
        home = Path(name) / "home"
        server = EmbeddedPostgres(home)
        stack.callback(server.stop)
        url = server.start()
        uvloop.run(filled(url))
        command, env = ours(url, home)
        address, pid = stack.enter_context(process(command, env, "/health", Path(name) / "log"))
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        told = runner.run(measure(url, address, pid, args))
        text = (Path(name) / "log").read_text()
        told["closed with 1013"] = sum('"code": 1013' in line for line in text.splitlines())
        print(json.dumps({**machine(), **told}, indent=1))


if __name__ == "__main__":
    main()
