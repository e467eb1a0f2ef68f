"""The watch over every org's rules: one process of a floor stands it, another takes over when that one is gone."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import structlog

from api.alerting.account import account_readings
from api.alerting.delivery import Delivery
from api.failures import DATABASE_ERRORS
from api.floor import Floor
from api.machine import disk, memory
from db.alerting import rules
from db.alerting.raised import raise_alert, stand
from db.alerting.turn import turn
from db.identity.orgs import list_orgs
from db.tenancy import within
from openoutcry.alerts.deciding import decide
from openoutcry.errors import OpenOutcryError
from wire.clock import WallClock

log = structlog.get_logger()
LOST: tuple[type[Exception], ...] = (*DATABASE_ERRORS, asyncpg.PostgresError)


class Watch:
    """Looks every ``every_s`` seconds."""

    def __init__(self, floor: Floor, delivery: Delivery, every_s: float) -> None:
        self._floor = floor
        self._delivery = delivery
        self._every_s = every_s
        self._counted = floor.traffic.counted()

    async def run(self) -> None:
        """Until cancelled; outages of the database are waited out."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                async with turn(self._floor.database_url) as mine:
                    while await mine():
                        await self.look()
                        await asyncio.sleep(self._every_s)
            except LOST as error:
                log.warning("alert_watch_interrupted", error=repr(error))

    async def look(self) -> None:
        """Every rule of every org once."""
        shared = self._shared()
        for org in await list_orgs(self._floor.doorman.pool):
            with within(org.id):
                try:
                    await self._look_at(org.id, shared)
                except OpenOutcryError as error:
                    log.error("alert_check_failed", org=str(org.id), error=repr(error))

    async def _look_at(self, org_id: UUID, shared: Mapping[str, float]) -> None:
        pool = self._floor.pool
        await rules.begin(pool, org_id)
        readings = {**shared, **await account_readings(self._floor, org_id)}
        for stored in await rules.list_rules(pool, org_id):
            value = readings.get(stored.rule.metric_name)
            if value is None:
                continue
            now = WallClock().now()
            fire, standing = decide(stored.rule, stored.standing, value, now)
            if fire:
                alert = await raise_alert(pool, org_id, stored, standing, value, now)
                log.info("alert_raised", alert=str(alert.id), source=alert.source, severity=alert.severity)
                self._delivery.hand_over(alert, stored.rule.channels)
            elif standing != stored.standing:
                await stand(pool, org_id, stored.id, standing)

    def _shared(self) -> dict[str, float]:
        """Figures of the machine and of this process's answers since the look before."""
        counted = self._floor.traffic.counted()
        answered, self._counted = counted.since(self._counted), counted
        found = {
            "cpu_usage_percent": self._floor.machine.usage(),
            "memory_usage_percent": memory()["percent"],
            "disk_usage_percent": disk(self._floor.home)["percent"],
        }
        latency, errors = answered.quantile_s(0.95), answered.error_rate
        if latency is not None and errors is not None:
            found |= {"api_p95_latency": 1000.0 * latency, "api_error_rate": errors}
        return found
