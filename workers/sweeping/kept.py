"""A sweep that is kept in the database: begun, gone on with, joined, cancelled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from db.sweeps import SweepLost, SweepStore
from openoutcry.backtest.search.spec import SweepSpec
from openoutcry.backtest.search.trial import Trial
from openoutcry.strategy.defaults import TradingDefaults
from workers.sweeping.market import same_series
from workers.sweeping.run import run_sweep, subject_of
from workers.sweeping.searching import Watch


class Cancellable:
    """A watch that also stops when someone cancelled the sweep in the database."""

    def __init__(self, watch: Watch, cancelled: Callable[[], bool]) -> None:
        self._watch, self._cancelled = watch, cancelled

    def progress(self, part: str, done: int, total: int, best: Trial | None) -> None:
        """Passed on."""
        self._watch.progress(part, done, total, best)

    def stopped(self) -> bool:
        """By either."""
        return self._watch.stopped() or self._cancelled()


@contextmanager
def _kept_within_reach() -> Iterator[None]:
    """What Optuna's storage raises when the database goes away, as we say it."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (StorageInternalError, DBAPIError) as error:
        said = str(error.__cause__ or error).strip().splitlines()[0]
        raise SweepLost(f"the database is away: {said}; --resume goes on") from error


def run_kept(
    home: Path,
    store: SweepStore,
    spec: SweepSpec | None,
    name: str,
    workers: int,
    watch: Watch,
    defaults: TradingDefaults,
) -> dict[str, Any]:
    """Work on the sweep of that name until it is finished; one that was cancelled runs again.

    Without a spec it must be there; with one it is made, or must be the same. A finished sweep answers at once. Raises what
    ``run_sweep`` does, and DataUnavailable when the candles here are not the sweep's.
    """
    sweep = (
        store.find(name) if spec is None else store.create(name, spec.model_dump(mode="json"), spec.digest)
    )
    if sweep.result is not None:
        return dict(sweep.result)
    asked = SweepSpec.model_validate(sweep.spec)
    subject = subject_of(asked, same_series(home, asked.market), defaults, home)
    store.reopen(sweep)
    both = Cancellable(watch, lambda: store.cancelled(sweep))
    with _kept_within_reach():
        result = {"study": name, **run_sweep(asked, subject, workers, both, store, sweep)}
    if result["complete"]:
        store.complete(sweep, result)
    return result
