"""Somebody who commits: answers are given again while nothing was committed, and most floors are not that still."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import asyncpg
import uvloop

COMMIT = "SELECT pg_current_xact_id()"
"""A transaction of its own, after which no snapshot reads as one before it."""


@contextmanager
def committing(url: str, per_s: float) -> Iterator[None]:
    """So often a second, from a process of its own, until the block ends."""
    writer = multiprocessing.get_context("spawn").Process(target=_commit, args=(url, per_s), daemon=True)
    writer.start()
    try:
        yield
    finally:
        writer.kill()
        writer.join()


def _commit(url: str, per_s: float) -> None:
    async def main() -> None:
        connection = await asyncpg.connect(url)
        began, done = perf_counter(), 0
        while True:
            await connection.execute(COMMIT)
            done = max(done + 1, int((perf_counter() - began) * per_s))
            await asyncio.sleep(max(0.0, began + done / per_s - perf_counter()))

    uvloop.run(main())
