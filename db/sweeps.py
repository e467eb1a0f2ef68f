"""Sweeps that several processes and machines work on: one row each, and who of them is alive.

Synchronous, over psycopg, as Optuna's storage beside it is. A process that joined holds a session's advisory lock, so the
server itself says, at once and for certain, that it has died: no heartbeat, no grace period.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from openoutcry.errors import BadInput, OpenOutcryError

SCHEMA = "optuna"
"""Where Optuna's own tables live."""
JOINED = 0x0C5EE9
"""First key of the advisory locks of processes; the second is the process's number."""
CLAIMING = 0x0C5EEA
"""First key of the lock under which trials are taken; the second is the sweep's id."""
CONNECT_S = 10
LOCK_MS = 60_000
"""Taking trials is a matter of milliseconds; who holds the lock for longer is frozen."""
CREATE = """
INSERT INTO sweeps (org_id, name, spec, spec_digest) VALUES (%s, %s, %s, %s) ON CONFLICT (org_id, name) DO NOTHING
"""
FIND = "SELECT id, name, spec, spec_digest, status, result FROM sweeps WHERE org_id = %s AND name = %s"
LIST = """
SELECT id, name, spec, spec_digest, status, result, created_at FROM sweeps WHERE org_id = %s ORDER BY created_at DESC, id DESC
LIMIT 200
"""
REOPEN = "UPDATE sweeps SET status = 'RUNNING', finished_at = NULL WHERE id = %s AND status = 'CANCELLED'"
CANCEL = """
UPDATE sweeps SET status = 'CANCELLED', finished_at = now() WHERE org_id = %s AND name = %s AND status = 'RUNNING'
"""
COMPLETE = """
UPDATE sweeps SET status = 'COMPLETED', result = %s, finished_at = now() WHERE id = %s AND status = 'RUNNING'
"""
STATUS = "SELECT status FROM sweeps WHERE id = %s"
NUMBER = "SELECT nextval('sweep_workers')"
JOIN = "SELECT pg_try_advisory_lock(%s, %s)"
ALIVE = """
SELECT objid::bigint AS worker FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class SweepLost(OpenOutcryError):
    """The database went away in the middle of a sweep. What was finished is kept; the sweep can be resumed."""

    code = "SWEEP_LOST"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A row."""

    id: int
    name: str
    spec: Mapping[str, Any]
    spec_digest: str
    status: str
    result: Mapping[str, Any] | None


class SweepStore:
    """One process's connection to the sweeps of an org. Close it; a process that dies has closed it too."""

    def __init__(self, url: str, org_id: UUID) -> None:
        self.url = url
        self.org_id = org_id
        with _lost():
            self._connection: psycopg.Connection[dict[str, Any]] = psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=CONNECT_S,
                application_name="open-outcry-sweep",
                options=f"-c lock_timeout={LOCK_MS}",
                row_factory=dict_row,
            )
        self.worker = 0

    def close(self) -> None:
        """Leave; trials taken and not finished are anyone's again."""
        self._connection.close()

    def create(self, name: str, spec: Mapping[str, Any], digest: str) -> Sweep:
        """The sweep of that name, made unless it exists. Raises BadInput when it is another one."""
        with _lost():
            self._connection.execute(CREATE, (self.org_id, name, Jsonb(dict(spec)), digest))
        found = self.find(name)
        if found.spec_digest != digest:
            raise BadInput(
                f"study: {name!r} is another sweep (it differs in {_differences(found.spec, spec)}); take another name, or"
                " --resume it as it is",
                field="study",
            )
        return found

    def find(self, name: str) -> Sweep:
        """The sweep of that name. Raises BadInput."""
        with _lost():
            row = self._connection.execute(FIND, (self.org_id, name)).fetchone()
        if row is None:
            raise BadInput(
                f"study: there is no sweep {name[:100]!r}; see `outcry sweep --list`", field="study"
            )
        return Sweep(**row)

    def list(self) -> list[dict[str, Any]]:
        """The newest sweeps."""
        with _lost():
            return self._connection.execute(LIST, (self.org_id,)).fetchall()

    def cancel(self, name: str) -> bool:
        """Ask everyone to stop. False when it was not running."""
        self.find(name)
        with _lost():
            return self._connection.execute(CANCEL, (self.org_id, name)).rowcount == 1

    def reopen(self, sweep: Sweep) -> None:
        """Let a cancelled sweep run again."""
        with _lost():
            self._connection.execute(REOPEN, (sweep.id,))

    def complete(self, sweep: Sweep, result: Mapping[str, Any]) -> None:
        """Keep the result; the first of several processes that finish does."""
        with _lost():
            self._connection.execute(COMPLETE, (Jsonb(dict(result)), sweep.id))

    def cancelled(self, sweep: Sweep) -> bool:
        """Whether someone asked to stop."""
        with _lost():
            row = self._connection.execute(STATUS, (sweep.id,)).fetchone()
        return row is None or row["status"] == "CANCELLED"

    def join(self) -> int:
        """Become a process that others see alive; its number."""
        with _lost():
            while not self.worker:
                row = self._connection.execute(NUMBER).fetchone()
                assert row is not None
                held = self._connection.execute(JOIN, (JOINED, row["nextval"])).fetchone()
                if held is not None and held["pg_try_advisory_lock"]:
                    self.worker = int(row["nextval"])
        return self.worker

    def alive(self) -> set[int]:
        """The numbers of all processes that have joined and live."""
        with _lost():
            return {int(row["worker"]) for row in self._connection.execute(ALIVE, (JOINED,))}

    @contextmanager
    def claiming(self, sweep: Sweep) -> Iterator[None]:
        """One process at a time takes trials of a sweep."""
        with _lost():
            self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (CLAIMING, sweep.id))
        try:
            yield
        finally:
            if not self._connection.broken:
                self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (CLAIMING, sweep.id))


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise SweepLost("another process holds this sweep and does not move on") from error
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()
        raise SweepLost(f"the database is away: {said[0] if said else type(error).__name__}") from error


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    return ", ".join(names) or "details"
