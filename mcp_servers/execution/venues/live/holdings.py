"""What the account holds by the exchange's word, and what a session holds by its own fills."""

from datetime import datetime
from decimal import Decimal

from mcp_servers.execution.venues.history import History
from mcp_servers.execution.venues.live.asking import must
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.protocol import Balance, VenuePosition
from openoutcry.errors import BadInput, VenueUnknown
from openoutcry.ports import Clock
from openoutcry.sim.account import Account, evolve
from openoutcry.sim.events import Filled
from openoutcry.types.amounts import parse_amount


class Holdings:
    """``balances`` are those of the whole account, every session's and other bots' together, as they were
    ``as_of``: None until they were read.
    """

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway, self._clock = gateway, clock
        self.balances: tuple[Balance, ...] = ()
        self.as_of: datetime | None = None

    async def read(self) -> None:
        """Ask the exchange. Raises VenueUnknown."""
        asked = self._clock.now()
        said = await self._gateway.ask("spot", "GET", "account", {"omitZeroBalances": "true"}, weight=20)
        try:
            rows = [
                (str(row["asset"]), parse_amount(row["free"]), parse_amount(row["locked"]))
                for row in must(said)["balances"]
            ]
        except (LookupError, TypeError, ValueError, BadInput) as error:
            raise VenueUnknown(f"balances that cannot be read: {error!r}"[:200]) from error
        self.balances = tuple(Balance(asset, free + locked, locked) for asset, free, locked in rows)
        self.as_of = asked

    def positions(self, history: History) -> tuple[VenuePosition, ...]:
        """Net quantity and mean cost of what the session's fills left."""
        account = Account()
        for fill in history.fills:
            account = evolve(account, Filled(at=fill.executed_at, client_order_id=None, fill=fill))
        return tuple(
            VenuePosition(symbol, held.quantity, held.cost / held.quantity)
            for symbol, held in sorted(account.holdings.items())
            if held.quantity != Decimal(0)
        )
