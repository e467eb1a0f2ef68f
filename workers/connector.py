"""procrastinate's connection to the queue, which waits for a database that is away."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import Any, TypeVar

import structlog
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException

from db.jobs.queue import LISTENER, SCHEMA

log = structlog.get_logger()
PATIENCE_S = 60.0
PAUSE_S = 0.5
T = TypeVar("T")


class PatientConnector(PsycopgConnector):
    """Repeats a query for up to a minute while the database is away, and listens again whenever it is back.

    Without it a restart of the database would end a worker's listening, and its fetching of jobs. Repeating is safe
    here: a job fetched by a query whose answer was lost is found by the rescue, since nobody claimed it.
    """

    @classmethod
    def to(cls, url: str) -> "PatientConnector":
        """On the queue's schema of this database."""
        return cls(
            conninfo=url, min_size=1, max_size=2, timeout=PATIENCE_S,
            kwargs={"options": f"-c search_path={SCHEMA}", "application_name": LISTENER},
        )  # fmt: skip

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """As the base class."""
        await _patiently(lambda: super(PatientConnector, self).execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        """As the base class."""
        return await _patiently(
            lambda: super(PatientConnector, self).execute_query_one_async(query, **arguments)
        )

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        """As the base class."""
        return await _patiently(
            lambda: super(PatientConnector, self).execute_query_all_async(query, **arguments)
        )

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """As the base class, for ever."""
        while True:
            try:
                await super().listen_notify(on_notification, channels)
            except ConnectorException as error:
                log.warning("queue_listener_lost", error=str(error.__cause__ or error))
            await asyncio.sleep(PAUSE_S)


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except ConnectorException as error:
            if not away(error) or monotonic() > deadline:
                raise
            log.warning("queue_retry", error=str(error.__cause__ or error))
            await asyncio.sleep(PAUSE_S)


def away(error: Exception) -> bool:
    """Whether an error of the queue means that the database is not there, and may be again."""
    from psycopg import OperationalError  # its family holds lost connections, shutdowns and pool timeouts

    return isinstance(error, OSError) or isinstance(error.__cause__, OperationalError)
