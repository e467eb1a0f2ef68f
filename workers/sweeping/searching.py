"""Running one search to its end: claims out to the pool, results back to the study."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from time import sleep
from typing import Protocol

from openoutcry.backtest.search.objective import Objective
from openoutcry.backtest.search.trial import Trial, ranked
from openoutcry.backtest.splits import Span
from openoutcry.errors import OpenOutcryError
from workers.sweeping.pool import Pool
from workers.sweeping.study import Claim, Study

LOOK_S = 0.5
"""How often it is seen to whether to stop, and whether others have finished what they took."""


class SweepStopped(OpenOutcryError):
    """A sweep was cancelled; what was run is kept."""

    code = "CANCELLED"


class Watch(Protocol):
    """Who looks on."""

    def progress(self, part: str, done: int, total: int, best: Trial | None) -> None:
        """So many of a part are done, the best of them being that."""

    def stopped(self) -> bool:
        """Whether to stop."""


def search(
    study: Study, pool: Pool, spans: Sequence[Span], objective: Objective, watch: Watch, part: str, batch: int
) -> list[Trial]:
    """Every trial of the study. Raises SweepStopped, with every claim given back, when the watch says so.

    After a process has died its combinations run one at a time, so that the one it died of is found and given up alone.
    """
    out: dict[Future[list[Trial]], list[Claim]] = {}
    held: list[list[Claim]] = []
    known = study.trials()
    done, at_once = len(known), pool.workers
    best = next(iter(ranked(known, objective)), None)
    watch.progress(part, done, study.wanted, best)
    try:
        while True:
            if watch.stopped():
                raise SweepStopped("the sweep was cancelled; what was run is kept")
            while len(out) < at_once and (claims := study.claim(batch)):
                held.append(claims)
                out[pool.submit(claims, spans)] = claims
            if not out:
                if study.finished():
                    return study.trials()
                sleep(LOOK_S)  # others are at work on what is left
                continue
            ended, _ = wait(out, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            try:
                told = [(out[future], future.result()) for future in ended]
            except BrokenProcessPool:
                _give_back(study, held, lost=True)
                out.clear()
                pool.renew()
                at_once = batch = 1
                continue
            for future, (claims, trials) in zip(ended, told, strict=True):
                study.tell(trials)
                held.remove(claims)
                del out[future]
                done += len(trials)
                best = next(iter(ranked([*trials, *([best] if best else [])], objective)), None)
            watch.progress(part, done, study.wanted, best)
    except BaseException:
        _give_back(study, held, lost=False)
        raise


def _give_back(study: Study, held: list[list[Claim]], *, lost: bool) -> None:
    for claims in held:
        study.give_back(claims, lost=lost)
    held.clear()
