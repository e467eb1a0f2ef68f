"""Having the missing history of a symbol fetched by a worker: one symbol at a time, one attempt an hour."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.candles import Series
from db.candles.sync.request import SyncRequest
from db.forecasting.making import LEAST_DAYS
from db.jobs import reads
from db.jobs.rows import COLUMNS, Job, job_of
from db.jobs.submit import Submission, submit
from db.pool import fetch
from openoutcry.canonical import derived_id

KIND = "data_sync"
NAME = "history of "
SPARE_DAYS = 4
"""Beside the 208: the hours reach back over whole days at any time of the day, and further while nobody asks."""
TIMEOUT_S = 1_800
UNDER_WAY = f"""
SELECT {COLUMNS} FROM jobs
WHERE org_id = $1 AND kind = '{KIND}' AND starts_with(name, '{NAME}') AND status IN ('QUEUED', 'RUNNING')
ORDER BY created_at LIMIT 1
"""


async def ask_for_history(
    pool: asyncpg.Pool, org_id: UUID, series: Series, now: datetime, asked_by: str
) -> Job:
    """The sync that fetches the hours of 208 days before ``now``: the one that is under way, this hour's, or a new one.

    While a worker is at another symbol that symbol's is returned; nothing is queued behind it.
    """
    rows = await fetch(pool, UNDER_WAY, org_id)
    if rows:
        return job_of(rows[0])
    once = f"history/{series.exchange}/{series.symbol}/{now:%Y-%m-%dT%H}"
    done = await reads.get(pool, org_id, derived_id(org_id, "job", once))
    if done is not None:
        return done
    wanted = SyncRequest.asked(
        exchange=series.exchange,
        symbols=[series.symbol],
        timeframe="1h",
        start=now - timedelta(days=LEAST_DAYS + SPARE_DAYS),
        end=now,
    )
    job = Submission(
        kind=KIND,
        name=f"{NAME}{series.symbol}",
        request=wanted.model_dump(mode="json"),
        timeout_s=TIMEOUT_S,
    )
    made = await reads.get(pool, org_id, await submit(pool, org_id, job, asked_by, once=once))
    assert made is not None, "a job that was just queued is there"
    return made
