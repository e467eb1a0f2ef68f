"""Funding of a session's perpetual: what its own position paid or received, by the exchange's published rates.

An exchange's income names the account, which other sessions and bots may share; rate, mark and instant are public, and the
position at that instant is what the session's own fills add up to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mcp_servers.execution.venues.history import History
from mcp_servers.execution.venues.live.asking import listed, must
from mcp_servers.execution.venues.live.dialect import market_of
from mcp_servers.execution.venues.live.gateway import Gateway
from openoutcry.errors import BadInput, VenueUnknown
from openoutcry.orders import signed
from openoutcry.sim.events import Filled
from openoutcry.sim.funding import FundingRate, payment
from openoutcry.types.amounts import parse_amount
from openoutcry.types.orders import Fill
from openoutcry.types.timeframes import from_millis, millis

PUBLISHED_WITHIN = timedelta(hours=1)
"""A rate is published this soon after its instant: one who asked so long after the last trade, flat, knows all of it."""
PAGE = 1000
Rated = tuple[FundingRate, Decimal]
"""A rate and the mark price that it was charged on."""


class Funding:
    """The payments of one symbol that no journal has yet."""

    def __init__(self, gateway: Gateway, symbol: str) -> None:
        self._gateway, self._symbol = gateway, symbol
        self._answered: datetime | None = None

    async def due(self, history: History, now: datetime) -> list[Filled]:
        """Payments since the last one that ``history`` holds. Raises VenueUnknown when the exchange does not say."""
        fills = [one for one in history.fills if one.symbol == self._symbol]
        trades = [one for one in fills if one.kind == "TRADE"]
        if not trades or self._settled(trades):
            return []
        paid = [one.executed_at for one in fills if one.kind == "FUNDING"]
        found = await self._rates(max(paid) if paid else min(one.executed_at for one in trades))
        self._answered = now
        return [Filled(at=f.executed_at, client_order_id=None, fill=f) for f in _payments(trades, found)]

    def _settled(self, trades: Sequence[Fill]) -> bool:
        last = max(one.executed_at for one in trades)
        over = self._answered is not None and self._answered > last + PUBLISHED_WITHIN
        return over and _held(trades, last + PUBLISHED_WITHIN) == 0

    async def _rates(self, after: datetime) -> list[Rated]:
        since = {"symbol": market_of(self._symbol), "startTime": str(millis(after) + 1), "limit": str(PAGE)}
        rows = listed(
            must(await self._gateway.ask("perp", "GET", "fundingRate", since, weight=1, signed=False))
        )
        try:
            return [self._rated(row) for row in rows]
        except (LookupError, TypeError, ValueError, BadInput, OverflowError) as error:
            raise VenueUnknown(f"funding that cannot be read: {error!r}"[:200]) from error

    def _rated(self, row: Any) -> Rated:
        at, rate = from_millis(int(row["fundingTime"])), parse_amount(row["fundingRate"])
        return FundingRate(self._symbol, at, rate), parse_amount(row["markPrice"])


def _payments(trades: Sequence[Fill], rates: Sequence[Rated]) -> list[Fill]:
    """One for each instant at which something was held."""
    held = [(rate, mark, _held(trades, rate.at)) for rate, mark in rates]
    return [
        Fill(
            kind="FUNDING", trade_id=f"funding-{millis(rate.at)}", order_seq=None, leg=None, symbol=rate.symbol,
            side="BUY" if quantity > 0 else "SELL", price=mark, quantity=Decimal(0),
            fee=payment(quantity, mark, rate.rate), executed_at=rate.at,
        )
        for rate, mark, quantity in held
        if quantity
    ]  # fmt: skip


def _held(trades: Sequence[Fill], at: datetime) -> Decimal:
    """The net position right before an instant."""
    return sum((signed(one.side, one.quantity) for one in trades if one.executed_at < at), Decimal(0))
