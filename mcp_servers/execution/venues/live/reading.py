"""What reconciliation asks through the one door to the exchange: signed questions, never an order."""

from collections.abc import Mapping
from typing import Any

from mcp_servers.execution.venues.live.asking import must
from mcp_servers.execution.venues.live.gateway import Gateway
from openoutcry.errors import VenueUnknown
from wire.hints import StreamUnavailable

SECOND = frozenset({"balance", "positionRisk"})
"""Questions that USD-M answers in its second version."""
TOGETHER = frozenset({"myTrades", "userTrades", "account", "positionRisk", "balance"})
"""Trades, and the money they moved: asked without a pause, for what is traded between two of them makes both useless."""


class GatewayReader:
    """Questions as ``Teller`` and the user streams ask them."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.awaited = False
        """Whether somebody waits for the answers: before the first comparison nothing may be traded."""

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        """The JSON of a signed GET. Raises VenueUnknown when there is no whole, good answer."""
        api = "fapiPrivateV2" if kind == "perp" and path in SECOND else None
        said = await self._gateway.ask(
            kind, "GET", path, params, weight=weight, api=api, yields=not (self.awaited or path in TOGETHER)
        )
        return must(said)

    async def listen_key(self, method: str) -> str:
        """POST or PUT of the USD-M listen key. Raises StreamUnavailable."""
        try:
            return str(must(await self._gateway.ask("perp", method, "listenKey", yields=True))["listenKey"])
        except (VenueUnknown, LookupError, TypeError) as error:
            raise StreamUnavailable(f"no listen key: {error}") from error
