"""The breaker at the floor: a loss limit that a record latched halts everything, and so do refusals in a row."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from openoutcry.ledger.facts import SessionFacts
from openoutcry.risk.latch import Latch
from openoutcry.settings import RiskSettings, Settings
from openoutcry.types.record import CycleRecord
from orchestrator.store import Store

FAILED = frozenset({"REJECTED", "UNKNOWN"})
"""What became of an order that the venue did not take, or of which it says nothing."""
MOST_ERROR = 200


async def tripped(store: Store, before: Mapping[str, Latch], record: CycleRecord, settings: Settings) -> None:
    """Halt the floor when this record latched a loss limit that was not latched before it."""
    for rule, latch in record.detail.get("latched", {}).items():
        if rule not in before and settings.risk.breaker_halts:
            reason = f"breaker: {rule} at {latch['value']}, its limit is {latch['limit']}"
            await store.throw(reason, "breaker")


async def refused(store: Store, facts: SessionFacts, record: CycleRecord, settings: Settings) -> None:
    """Halt the floor when this record has one more order that failed, and so did as many before it as are allowed.

    The stored orders are counted: a restart forgets none, and one that is found after all ends the row.
    """
    if not settings.risk.breaker_halts or not _fails(record):
        return
    for symbol in filter(None, (facts.symbol, facts.hedge_symbol)):
        newest = await store.newest_orders(facts.session_id, symbol, settings.risk.max_refusals)
        if (what := in_a_row(newest, settings.risk)) is not None:
            await store.throw(f"breaker: {symbol}: {what}", "breaker")
            return


def in_a_row(newest: Sequence[Mapping[str, Any]], risk: RiskSettings) -> str | None:
    """What to say of these orders, newest first, when all failed, they are as many as are allowed, and lie close enough."""
    if len(newest) < risk.max_refusals or any(row["status"] not in FAILED for row in newest):
        return None
    if newest[0]["created_at"] - newest[-1]["created_at"] > timedelta(seconds=risk.refusal_window_s):
        return None
    last = (newest[0]["error_message"] or newest[0]["status"])[:MOST_ERROR]
    return f"{len(newest)} orders in a row were refused or not answered, the last: {last}"


def _fails(record: CycleRecord) -> bool:
    states = (*record.order_updates, *(one.state for one in record.orders if one.state is not None))
    return any(state.status in FAILED for state in states)
