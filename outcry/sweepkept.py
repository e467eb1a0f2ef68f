"""Sweeps run in memory, kept in the floor's database, or handed to its workers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from db.sweeps import SweepStore
from openoutcry.backtest.search.spec import SweepSpec
from openoutcry.errors import BadInput
from outcry.database import database_url, open_current
from wire.config import DEFAULT_ORG
from wire.strategies import load_trading_defaults
from workers.sweeping.kept import run_kept
from workers.sweeping.market import same_series
from workers.sweeping.run import run_sweep, subject_of
from workers.sweeping.searching import Watch

ORG = UUID(DEFAULT_ORG)
KIND = "sweep"


def in_memory(home: Path, spec: SweepSpec, workers: int, watch: Watch) -> dict[str, Any]:
    """Run it here, keeping nothing."""
    subject = subject_of(spec, same_series(home, spec.market), load_trading_defaults(home), home)
    return run_sweep(spec, subject, workers, watch)


def kept(home: Path, spec: SweepSpec | None, name: str, workers: int, watch: Watch) -> dict[str, Any]:
    """Begin, go on with or join the sweep of that name. Without a spec it must be there."""
    with _store(home) as store:
        return run_kept(home, store, spec, name, workers, watch, load_trading_defaults(home))


def cancel(home: Path, name: str) -> bool:
    """Ask whoever runs it to stop. False when it was not running."""
    with _store(home) as store:
        return store.cancel(name)


def listed(home: Path) -> list[dict[str, Any]]:
    """The kept sweeps, newest first."""
    with _store(home) as store:
        return [
            {
                "name": row["name"],
                "status": row["status"],
                "strategy": row["spec"]["strategy"]["name"],
                "method": row["spec"]["method"],
                "trials": row["spec"]["trials"],
                "created_at": row["created_at"].isoformat(),
            }
            for row in store.list()
        ]


def queue(home: Path, spec: SweepSpec | None, name: str | None, jobs: int, workers: int) -> dict[str, Any]:
    """Keep the sweep and hand it in as so many jobs, each of which joins it with ``workers`` processes."""
    from db.jobs.submit import Submission, submit

    if name is None:
        assert spec is not None
        name = f"{spec.strategy['name']}-{spec.digest[:8]}"
    with _store(home) as store:
        if spec is not None:
            store.create(name, spec.model_dump(mode="json"), spec.digest)
        if store.find(name).status == "COMPLETED":
            raise BadInput(f"study: {name!r} is finished; --resume shows its result", field="study")
        url = store.url

    async def hand_in() -> list[str]:
        pool = await open_current(url)
        try:
            job = Submission(KIND, name, {"study": name, "workers": workers})
            return [str(await submit(pool, ORG, job, "command line")) for _ in range(jobs)]
        finally:
            await pool.close()

    return {"study": name, "jobs": asyncio.run(hand_in())}


@contextmanager
def _store(home: Path) -> Iterator[SweepStore]:
    with database_url(home) as url:
        asyncio.run(_made_current(url))
        store = SweepStore(url, ORG)
        try:
            yield store
        finally:
            store.close()


async def _made_current(url: str) -> None:
    await (await open_current(url)).close()
