"""Waiting for a job with a progress bar; where no worker runs, this process is one meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from db.jobs import queue
from db.jobs.follow import follow
from db.jobs.rows import Job
from db.listening import Listening
from wire import logs


async def wait_for(
    pool: asyncpg.Pool, url: str, home: Path, org_id: UUID, job_id: UUID, console: Console
) -> Job:
    """The job once it is over."""
    async with Listening(url) as listening, _somebody(pool, url, home, console):
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("waiting", total=100)
            async for job in follow(pool, listening, org_id, job_id):
                last = job
                bar.update(task, description=job.message[:60], completed=job.percentage)
    return last


@asynccontextmanager
async def _somebody(pool: asyncpg.Pool, url: str, home: Path, console: Console) -> AsyncIterator[None]:
    async with pool.acquire() as connection:
        if await queue.workers(connection):
            yield
            return
    from workers.serve import Terms, serve  # most often there is a worker

    logs.configure("worker", home / "logs")
    console.print("no worker runs here: doing it now (`outcry up` and `outcry worker` keep one)", style="dim")
    stop = asyncio.Event()
    working = asyncio.create_task(serve(Terms(home, url, queues=("backtest",), grace_s=2.0), stop))
    try:
        yield
    finally:
        stop.set()
        await working
