"""A worker process: takes jobs from the queue until it is told to stop."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import UUID

import structlog
from procrastinate import App
from procrastinate.app import WorkerOptions
from procrastinate.exceptions import ConnectorException

from db.jobs import recovering
from db.jobs.queue import TASK
from db.jobs.states import Ticket
from db.pool import open_pool
from workers.attempt import Bench
from workers.attempt import attempt as see_through
from workers.connector import PatientConnector, away
from workers.held import Held
from workers.rescue import Rescue

log = structlog.get_logger()
STALLED_S = 20.0
PAUSE_S = 1.0
CALM_S = 30.0
MOST_FAILURES = 3
"""A worker that was taken for dead while it was frozen is refused by the queue once, and joins anew."""


@dataclass(frozen=True)
class Terms:
    """How a worker works. ``queues`` None takes jobs of every kind; ``grace_s`` is what a job in hand gets to finish."""

    home: Path
    database_url: str
    concurrency: int = 1
    queues: Sequence[str] | None = None
    grace_s: float = 10.0
    stalled_s: float = STALLED_S


async def serve(terms: Terms, stop: asyncio.Event) -> None:
    """Work until ``stop``: then jobs in hand are finished within the grace, or handed to the next worker."""
    async with _bench(terms) as bench:
        await recovering.tidy(bench.pool)
        log.info("worker_ready", worker=bench.name, concurrency=terms.concurrency, queues=terms.queues)
        stopped = asyncio.create_task(stop.wait())
        failures = 0
        while not stop.is_set():
            began = monotonic()
            working = asyncio.create_task(_work(terms, bench))
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                working.cancel()
            try:
                await working
            except asyncio.CancelledError:
                break
            except (ConnectorException, OSError) as error:
                failures = 1 if monotonic() - began > CALM_S else failures + 1
                if failures > MOST_FAILURES and not away(error):
                    raise
                log.warning("queue_lost", error=str(error.__cause__ or error))
            await asyncio.wait((stopped,), timeout=PAUSE_S)
    log.info("worker_stopped", worker=bench.name)


async def _work(terms: Terms, bench: Bench) -> None:
    app = App(connector=PatientConnector.to(terms.database_url))

    @app.task(name=TASK)
    async def job(job_id: str, attempt: int) -> None:
        await see_through(bench, Ticket(UUID(job_id), attempt))

    options: WorkerOptions = {
        "concurrency": terms.concurrency,
        "install_signal_handlers": False,
        "shutdown_graceful_timeout": terms.grace_s,
        "delete_jobs": "always",
    }
    if terms.queues is not None:
        options["queues"] = list(terms.queues)
    async with app.open_async():
        await app.run_worker_async(**options)


@asynccontextmanager
async def _bench(terms: Terms) -> AsyncIterator[Bench]:
    pool = await open_pool(terms.database_url, most=terms.concurrency + 2)
    held = Held(pool)
    name = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(2)}"
    keepers = [
        asyncio.create_task(held.keep()),
        asyncio.create_task(Rescue(pool, terms.stalled_s).keep()),
    ]
    try:
        yield Bench(pool, held, name, terms.home, terms.database_url)
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await pool.close()
