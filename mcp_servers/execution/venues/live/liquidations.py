"""What the exchange closed of a session's perpetual by orders of its own: liquidation, deleveraging, settlement.

Such an order is the account's, which other sessions may share. Of what it traded a session books as much as it held itself;
what the exchange takes for it beside the commission is the account's and not here.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from time import monotonic

from mcp_servers.execution.venues.history import History
from mcp_servers.execution.venues.live.asking import Asking
from mcp_servers.execution.venues.live.dialect import fill_of
from openoutcry.orders import opposite, signed
from openoutcry.sim.events import Filled
from openoutcry.types.orders import Fill, OrderRequest, Side

LEG = "liquidation"
EVERY_S = 10.0
"""Between two questions about one symbol, and only while something of it is held."""


class Liquidations:
    """Those of one symbol that no journal has yet."""

    def __init__(self, asking: Asking, symbol: str) -> None:
        self._asking, self._symbol = asking, symbol
        self._asked = float("-inf")

    async def due(self, history: History) -> list[Filled]:
        """Fills that took away from what the session holds. Raises VenueUnknown when the exchange does not say."""
        net, since = _open(one for one in history.fills if (one.symbol, one.kind) == (self._symbol, "TRADE"))
        if since is None or monotonic() - self._asked < EVERY_S:
            return []
        known = {one.trade_id for one in history.fills if one.symbol == self._symbol}
        left, found = abs(net), list[Filled]()
        for fill in await self._fills(opposite("BUY" if net > 0 else "SELL"), since):
            quantity = min(fill.quantity, left)
            if quantity and fill.trade_id not in known:
                part = fill.model_copy(
                    update={"quantity": quantity, "fee": fill.fee * quantity / fill.quantity}
                )
                found.append(Filled(at=fill.executed_at, client_order_id=None, fill=part))
                left -= quantity
        self._asked = monotonic()
        return found

    async def _fills(self, side: Side, since: datetime) -> list[Fill]:
        found = []
        for name, quantity in await self._asking.forced(self._symbol, side, since):
            request = OrderRequest(
                leg=LEG, symbol=self._symbol, side=side, type="MARKET", quantity=quantity, reduce_only=True
            )
            told = await self._asking.told(request, name)
            for trade in told.trades if told is not None else ():
                rate = await self._asking.fee_rate(trade, self._symbol)
                found.append(fill_of(trade, request, 0, rate).model_copy(update={"order_seq": None}))
        return found


def _open(trades: Iterable[Fill]) -> tuple[Decimal, datetime | None]:
    """What the trades left, and since when something is held without a break; None when nothing is."""
    net, since = Decimal(0), None
    for one in sorted(trades, key=lambda trade: trade.executed_at):
        net += signed(one.side, one.quantity)
        since = None if net == 0 else since or one.executed_at
    return net, since
