"""The processes that run combinations: this one, or several on this machine that read the candles from shared memory."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from ctypes import c_double
from dataclasses import dataclass, fields
from multiprocessing.connection import wait
from typing import Any, Protocol

import numpy as np

from openoutcry.backtest.search.evaluate import Evaluator, Subject
from openoutcry.backtest.search.trial import Trial
from openoutcry.backtest.series import Series
from openoutcry.backtest.splits import Span
from openoutcry.market.candles import Candles
from workers.sweeping.study import Claim

COLUMNS = 6
CONTEXT = multiprocessing.get_context("forkserver")


class Pool(Protocol):
    """Runs claims somewhere."""

    workers: int

    def submit(self, claims: Sequence[Claim], spans: Sequence[Span]) -> "Future[list[Trial]]":
        """Run them, sooner or later. The future breaks when their process dies."""

    def renew(self) -> None:
        """Make new processes after one has died."""


class Here:
    """This process, at once."""

    workers = 1

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def submit(self, claims: Sequence[Claim], spans: Sequence[Span]) -> "Future[list[Trial]]":
        """Run them now."""
        done: Future[list[Trial]] = Future()
        done.set_result([self._evaluator.trial(*claim, spans) for claim in claims])
        return done

    def renew(self) -> None:
        """This process is not renewed."""


class Processes:
    """Several processes, started as they are needed, ended with this one however it ends."""

    def __init__(self, order: "Shared", workers: int) -> None:
        self.workers = workers
        self._order = order
        self._executor = self._made()

    def _made(self) -> ProcessPoolExecutor:
        CONTEXT.set_forkserver_preload(["openoutcry.backtest.search.evaluate"])
        return ProcessPoolExecutor(
            self.workers, mp_context=CONTEXT, initializer=_begin, initargs=(self._order,)
        )

    def submit(self, claims: Sequence[Claim], spans: Sequence[Span]) -> "Future[list[Trial]]":
        """Give them to the next free process."""
        return self._executor.submit(_run, list(claims), tuple(spans))

    def renew(self) -> None:
        """New processes in the place of the old."""
        self.close()
        self._executor = self._made()

    def close(self) -> None:
        """End them, at work or not."""
        running = list((self._executor._processes or {}).values())
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.kill()
        for process in running:
            process.join()


@dataclass(frozen=True)
class Shared:
    """A subject whose candles lie in memory that processes started with it see too. It has no name: when they are gone, however
    they ended, so is it."""

    memory: Any
    timeframe: str
    regular: bool
    rest: dict[str, Any]

    @classmethod
    def of(cls, subject: Subject) -> "Shared":
        """Copy the candles there."""
        series = subject.series
        memory = CONTEXT.RawArray(c_double, COLUMNS * len(series))
        for row, column in zip(_rows(memory), series.candles.arrays(), strict=True):
            row[:] = column.view(np.float64)
        rest = {f.name: getattr(subject, f.name) for f in fields(subject) if f.name != "series"}
        return cls(memory, series.timeframe, series.regular, rest)

    def subject(self) -> Subject:
        """The subject as another process sees it, without a copy."""
        rows = _rows(self.memory)
        candles = Candles.of(rows[0].view(np.int64), *rows[1:])
        return Subject(series=Series(candles, self.timeframe, self.regular), **self.rest)


def _rows(memory: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.frombuffer(memory, np.float64).reshape(COLUMNS, -1)


@contextmanager
def open_pool(subject: Subject, evaluator: Evaluator, workers: int) -> Iterator[Pool]:
    """So many processes; one is this one."""
    if workers == 1:
        yield Here(evaluator)
        return
    pool = Processes(Shared.of(subject), workers)
    try:
        yield pool
    finally:
        pool.close()


_MINE: list[Evaluator] = []
"""What a process of the pool works with; set once when it starts."""


def _begin(order: Shared) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that gives the work decides when it ends
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    _MINE.append(Evaluator(order.subject()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _run(claims: list[Claim], spans: tuple[Span, ...]) -> list[Trial]:
    return [_MINE[0].trial(*claim, spans) for claim in claims]
