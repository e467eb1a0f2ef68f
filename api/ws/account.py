"""The account as the sockets show it, read at most once a second for all clients of an org."""

import asyncio
from collections import defaultdict
from time import monotonic
from typing import Any
from uuid import UUID

from api.books import source
from api.floor import Floor
from db.reads.sessions_seen import sessions_seen
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.portfolio import mark
from openoutcry.risk.allocation import short_name
from openoutcry.risk.seen import Seen, together

FRESH_S = 1.0


class Accounts:
    """Of every org somebody looks at."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._seen: dict[UUID, tuple[float, dict[str, Any] | None]] = {}
        self._reading: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def portfolio(self, org_id: UUID) -> dict[str, Any] | None:
        """What ``portfolio_update`` has; None without a session, or where it cannot be valued."""
        async with self._reading[org_id]:
            known = self._seen.get(org_id)
            if known is None or monotonic() - known[0] >= FRESH_S:
                known = (monotonic(), await self._read(org_id))
                self._seen[org_id] = known
            return known[1]

    async def metrics(self, org_id: UUID) -> dict[str, Any] | None:
        """What ``metrics_update`` has."""
        found = await self.portfolio(org_id)
        if found is None:
            return None
        return {
            "portfolio_value": found["total_value"],
            "timestamp": found["timestamp"],
            "cash": found["cash"],
            "drawdown": found["drawdown"],
            "return_since_inception": found["return_since_inception"],
        }

    async def _read(self, org_id: UUID) -> dict[str, Any] | None:
        try:
            found = await sessions_seen(source(self._floor), org_id)
            whole, prices = together(found)
            marked = mark(whole, prices)
        except (DataUnavailable, BadInput):
            return None
        return {
            "total_value": float(marked.equity),
            "cash": float(whole.cash),
            "positions": [
                _position(each, n) for each in found for n in range(len(each.book.portfolio.positions))
            ],
            "drawdown": marked.drawdown,
            "return_since_inception": float(marked.equity / whole.initial_capital) - 1.0,
            "timestamp": max(each.book.as_of for each in found),
        }


def _position(seen: Seen, number: int) -> dict[str, Any]:
    position = seen.book.portfolio.positions[number]
    price = float(seen.prices[position.symbol])
    signed = float(position.quantity) * (1 if position.side == "LONG" else -1)
    return {"symbol": short_name(position.symbol), "quantity": signed, "value": signed * price}
