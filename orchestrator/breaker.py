"""The breaker at the floor: a loss limit that a record latched halts everything."""

from collections.abc import Mapping

from openoutcry.risk.latch import Latch
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord
from orchestrator.store import Store


async def tripped(store: Store, before: Mapping[str, Latch], record: CycleRecord, settings: Settings) -> None:
    """Halt the floor when this record latched a loss limit that was not latched before it."""
    for rule, latch in record.detail.get("latched", {}).items():
        if rule not in before and settings.risk.breaker_halts:
            reason = f"breaker: {rule} at {latch['value']}, its limit is {latch['limit']}"
            await store.throw(reason, "breaker")
