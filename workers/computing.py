"""The process that computes one attempt, seen from its worker: started, listened to, and ended for certain."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from workers.frames import Frame, Order, order_line, receive

ROOT = Path(__file__).resolve().parent.parent
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Workers are scaled by their number; a library's own threads would only fight for the same cores."""


class Computing:
    """A running computing process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def next(self) -> Frame | None:
        """What it says next; None once it has ended."""
        assert self._process.stdout is not None
        return await receive(self._process.stdout)

    async def ending(self) -> str:
        """How it ended, in words."""
        code = await self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End it and everything it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


@asynccontextmanager
async def computing(order: Order) -> AsyncIterator[Computing]:
    """A process at work on the order; afterwards nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        env={**os.environ, **THREADS}, start_new_session=True,
    )  # fmt: skip
    running = Computing(process)
    try:
        assert process.stdin is not None
        with suppress(ConnectionError):  # it ended at once; its end says why
            process.stdin.write(order_line(order))
            await process.stdin.drain()
        yield running
    finally:
        running.kill()
        await asyncio.shield(process.wait())
