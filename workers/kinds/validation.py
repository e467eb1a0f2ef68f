"""Jobs of kind ``validation``: a staged version of a strategy, held against the promotion gates."""

import asyncio
from typing import Any
from uuid import UUID

from db.jobs.rows import Output
from db.pool import open_pool
from db.strategies.history import By
from openoutcry.errors import BadInput
from openoutcry.strategy.validation import Report
from workers.validating import run_validation
from workers.work import Work

WHO = "worker"


def run(work: Work) -> Output:
    """Run the validation the request names. Raises BadInput, and what keeps it from being run."""
    try:
        validation_id = UUID(str(work.request.get("validation_id")))
    except ValueError as error:
        raise BadInput("validation_id: must be a validation's id", field="validation_id") from error
    report = asyncio.run(_run(work, validation_id))
    return Output(result={"validation_id": str(validation_id), **told(report)})


async def _run(work: Work, validation_id: UUID) -> Report:
    pool = await open_pool(work.database_url, most=1)
    try:
        return await run_validation(pool, work.home, validation_id, By(WHO), work.step, job_id=work.job_id)
    finally:
        await pool.close()


def told(report: Report) -> dict[str, Any]:
    """A report as a job's result has it."""
    return report.model_dump(mode="json")
