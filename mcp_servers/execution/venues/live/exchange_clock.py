"""The exchange's clock as the one by which it is judged whether an order may still arrive.

It refuses a signature by its own clock. This machine's may be set forward between an order and the look after it: by that
clock alone an order that is still on its way would have had all the time there is, and be taken for one that never came.
"""

from datetime import datetime

from mcp_servers.execution.venues.live.gateway import Gateway
from openoutcry.errors import VenueUnknown
from openoutcry.types.timeframes import from_millis


class ExchangeClock:
    """Of the exchange behind ``gateway``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def now(self) -> datetime:
        """Its time, as far as known."""
        return from_millis(self._gateway.now_ms())

    async def asked(self) -> datetime:
        """Its time by its own word of this moment. Raises VenueUnknown when it does not say."""
        if not await self._gateway.measure_clock():
            raise VenueUnknown("the exchange does not say what time it is")
        return self.now()
