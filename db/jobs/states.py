"""The states of a job and the only ways between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Status = Literal["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
PRIOR: Mapping[Status, tuple[Status, ...]] = {
    "RUNNING": ("QUEUED", "RUNNING"),
    "COMPLETED": ("RUNNING", "COMPLETED"),
    "FAILED": ("QUEUED", "RUNNING", "FAILED"),
    "CANCELLED": ("QUEUED", "RUNNING", "CANCELLED"),
}
"""For each state, those it may be entered from; entering a state again changes nothing."""
TERMINAL: frozenset[Status] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
STALE = "stale_or_invalid_transition"
UNKNOWN = "unknown_job"
ERROR_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Transition:
    """What became of a change of state. ``status`` is the job's state afterwards, None for an unknown job."""

    updated: bool
    status: Status | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to work on a job: good while the job's current attempt is this one."""

    job_id: UUID
    attempt: int


def cut(error: str) -> str:
    """An error's text as the row keeps it."""
    return error if len(error) <= ERROR_CHARS else error[: ERROR_CHARS - 1] + "…"
