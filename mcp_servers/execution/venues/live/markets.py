"""The exchange's rules for each market, read once and again when it refuses by them."""

from mcp_servers.execution.venues.live.asking import must
from mcp_servers.execution.venues.live.dialect import kind_of, market_of
from mcp_servers.execution.venues.live.filters import Filters, filters_of
from mcp_servers.execution.venues.live.gateway import Gateway


class Markets:
    """Filters by symbol."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: dict[str, Filters] = {}

    async def filters(self, symbol: str, *, again: bool = False, deadline_s: float | None = None) -> Filters:
        """The rules of a symbol. Raises VenueRejected for one that is not listed, VenueUnknown without an answer."""
        if again or symbol not in self._known:
            kind, market = kind_of(symbol), market_of(symbol)
            asked = {"symbol": market} if kind == "spot" else {}
            weight = 20 if kind == "spot" else 1
            said = await self._gateway.ask(
                kind, "GET", "exchangeInfo", asked, weight=weight, signed=False, deadline_s=deadline_s
            )
            self._known[symbol] = filters_of(must(said), market)
        return self._known[symbol]
