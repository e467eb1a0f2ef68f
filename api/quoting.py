"""The floor's own word on a price of this moment: its market server, asked over MCP and not waited for long."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from time import monotonic
from uuid import UUID

import msgspec

from api.failures import Failure
from api.floor import Floor
from db.candles import Series
from db.identity.holder import Holder
from wire.config import DEFAULT_ORG

SERVER, TOOL = "market", "get_price"
WITHIN_S = 0.9
KEPT_S = 1.0
"""How long an answer, and the lack of one, is good for everybody who asks."""
MOST_KEPT = 512
ITSELF = Holder(
    id=UUID(int=0), org_id=UUID(DEFAULT_ORG), name="api", role="viewer", scopes=frozenset({"view_metrics"})
)
"""The API asks for itself: who may see a strategy may see the price in it, whatever else the key opens."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price above zero, and when it was one."""

    price: float
    at: datetime


class _Answer(msgspec.Struct, frozen=True):
    """What is read of the tool's answer."""

    price: Decimal
    priced_at: datetime
    stale: bool


@dataclass(slots=True)
class _Asked:
    answer: "asyncio.Task[Quote | None]"
    ended_s: float | None = None


class Quotes:
    """One per app. Whoever asks for a symbol while it is being asked for waits for that one answer."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    async def of(self, series: Series, correlation: str) -> Quote | None:
        """The price of a market now; None when the floor does not serve it, or knows no fresh price within a second."""
        gateway = self._floor.mcp
        if series.exchange != self._floor.run.exchange or SERVER not in gateway.tokens:
            return None
        asked = self._asked.get(series.symbol)
        if asked is None or (asked.ended_s is not None and monotonic() - asked.ended_s > KEPT_S):
            asked = _Asked(asyncio.create_task(self._ask(series.symbol, correlation)))
            asked.answer.add_done_callback(partial(_end, asked))
            self._asked[series.symbol] = asked
            self._asked.move_to_end(series.symbol)
            if len(self._asked) > MOST_KEPT:
                self._asked.popitem(last=False)
        # shielded: one caller who hangs up does not take the answer from the others
        return await asyncio.shield(asked.answer)

    async def _ask(self, symbol: str, correlation: str) -> Quote | None:
        params = {"name": TOOL, "arguments": {"symbol": symbol}}
        try:
            async with asyncio.timeout(WITHIN_S):
                answer = await self._floor.mcp.ask(SERVER, ITSELF, "tools/call", params, correlation)
            if answer.get("isError"):
                return None
            found = msgspec.convert(answer.get("structuredContent"), _Answer)
        except (TimeoutError, Failure, ValueError, KeyError, msgspec.ValidationError):
            return None  # it is down, slow or does not know; the caller has the stored price, and says so
        if found.stale or not found.price.is_finite() or found.price <= 0 or found.priced_at.tzinfo is None:
            return None
        return Quote(float(found.price), found.priced_at)


def _end(asked: _Asked, _: object) -> None:
    asked.ended_s = monotonic()
