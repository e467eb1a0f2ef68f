"""A sweep as a job: join the kept sweep of that name and work on it to its end.

Any number of jobs may name the same sweep. A job that dies is tried again and goes on where the trials are.
"""

from typing import Annotated, Any

from pydantic import Field, ValidationError

from db.jobs.rows import Output
from db.sweeps import SweepStore
from openoutcry.backtest.search.trial import Trial
from openoutcry.errors import BadInput
from openoutcry.types.frozen import Frozen
from wire.strategies import load_trading_defaults
from workers.sweeping.kept import run_kept
from workers.work import Work


class Request(Frozen):
    """Which sweep, and with how many processes."""

    study: Annotated[str, Field(min_length=1, max_length=100)]
    workers: Annotated[int, Field(ge=1, le=64)] = 1


class Told:
    """Progress goes to the job; what cancels the job ends this process, so there is nothing to ask."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def progress(self, part: str, done: int, total: int, best: Trial | None) -> None:
        """As a line of the job."""
        score = "" if best is None or best.score is None else f", best {best.score:.4g}"
        self._work.progress(
            done, max(total, 1), f"{'all bars' if part == 'all' else part}: {done} of {total}{score}"
        )

    def stopped(self) -> bool:
        """Never by itself."""
        return False


def run(work: Work) -> Output:
    """Raises BadInput for the request, and when the sweep was cancelled meanwhile."""
    try:
        request = Request.model_validate(work.request)
    except ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(str(part) for part in wrong["loc"]) or "request"
        raise BadInput(f"{field}: {wrong['msg']}", field=field) from error
    store = SweepStore(work.database_url, work.org_id)
    try:
        defaults = load_trading_defaults(work.home)
        result: dict[str, Any] = run_kept(
            work.home, store, None, request.study, request.workers, Told(work), defaults
        )
    finally:
        store.close()
    if not result["complete"]:
        raise BadInput(f"study: {request.study!r} was cancelled", field="study")
    return Output(
        result={**result, "metrics": result["best"]["figures"] if result["best"] else {}},
        warnings=[{"check": "sweep", "message": warning} for warning in result["warnings"]],
    )
