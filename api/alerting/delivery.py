"""Telling of alerts beside the watch: a notifier that fails or hangs delays nothing, and is seen to have failed."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg
import httpx2
import structlog

from api.failures import DATABASE_ERRORS
from api.notifiers.base import Notifier, Undelivered
from db.alerting.raised import Raised, delivered
from db.tenancy import within

log = structlog.get_logger()
ATTEMPTS = 3
PAUSE_S = 1.0
ATTEMPT_S = 15.0
MOST_WAITING = 200
OF_NO_NOTIFIER = frozenset({"web"})


class Delivery:
    """Hands alerts to notifiers; at most 200 messages are under way, what is beyond is marked as dropped."""

    def __init__(
        self, pool: asyncpg.Pool, notifiers: Mapping[str, Notifier], pause_s: float = PAUSE_S
    ) -> None:
        self._pool = pool
        self._notifiers = notifiers
        self._pause_s = pause_s
        self._under_way: set[asyncio.Task[None]] = set()

    def hand_over(self, alert: Raised, channels: Sequence[str]) -> None:
        """Begin to tell; ``channels`` empty: by every notifier."""
        wanted = [name for name in channels if name not in OF_NO_NOTIFIER] if channels else [*self._notifiers]
        for name in wanted:
            task = asyncio.create_task(self._tell(alert, name, len(self._under_way) >= MOST_WAITING))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._under_way)

    async def _tell(self, alert: Raised, name: str, crowded: bool) -> None:
        notifier = self._notifiers.get(name)
        if notifier is None:
            outcome = "not configured"
        elif crowded:
            outcome = "failed: too many messages under way"
        else:
            outcome = await self._attempt(alert, notifier)
        if outcome != "sent":
            log.warning("alert_not_delivered", alert=str(alert.id), notifier=name, outcome=outcome)
        try:
            with within(alert.org_id):
                await delivered(self._pool, alert.org_id, alert.id, {name: outcome})
        except DATABASE_ERRORS as error:
            log.warning("alert_delivery_not_recorded", alert=str(alert.id), error=repr(error))

    async def _attempt(self, alert: Raised, notifier: Notifier) -> str:
        outcome = ""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(self._pause_s * attempt)
            try:
                async with asyncio.timeout(ATTEMPT_S):
                    await notifier.tell(alert)
                return "sent"
            except Undelivered as error:
                outcome = f"failed: {error}"
            except (OSError, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
                outcome = f"failed: {type(error).__name__}"  # its text may hold an address that is a secret
        return outcome
