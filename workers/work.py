"""One job as the code of its kind sees it."""

from collections.abc import Callable
from copy import copy
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from workers.frames import Frame, Order, Preflight, Progress

EVERY_S = 0.25
"""Progress is passed on this often at most; the database and its followers need no more."""


class Work:
    """A job's request, where the home and the database are, and the way to say how far it is."""

    def __init__(self, order: Order, send: Callable[[Frame], None]) -> None:
        self.job_id: UUID = order.job_id
        self.org_id: UUID = order.org_id
        self.attempt: int = order.attempt
        self.request: dict[str, Any] = order.request
        self.home: Path = order.home
        self.database_url: str = order.database_url
        self._send = send
        self._said = -EVERY_S

    def progress(self, current: int, total: int, message: str) -> None:
        """Say how far it is; calling this often costs nothing."""
        if monotonic() - self._said >= EVERY_S:
            self._said = monotonic()
            self._send(Progress(current, total, message))

    def step(self, current: int, total: int, message: str) -> None:
        """As ``progress``, never left out: for the few steps that a job has."""
        self._said = -EVERY_S
        self.progress(current, total, message)

    def silent(self) -> "Work":
        """The same job for a part of it that says nothing of its own progress and checks."""
        quiet = copy(self)
        quiet._send = _unsaid
        return quiet

    def preflight(self, report: dict[str, Any]) -> None:
        """Hand in the report of the checks before the run, also before failing because of it."""
        self._send(Preflight(report))


def _unsaid(_: Frame) -> None:
    """Where frames of a silent part end."""
