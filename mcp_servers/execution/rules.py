"""Trading rules of what the execution server orders by itself: the venue's own word, else the settings."""

from decimal import Decimal

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from openoutcry.risk.instruments import instrument_of
from openoutcry.types.market import Instrument


async def rules(deps: ExecutionDeps, venue: Account, symbol: str, price: Decimal | None = None) -> Instrument:
    """The instrument near ``price``, which only the settings' tick depends on."""
    told = {one.symbol: one for one in await venue.instruments()}
    return instrument_of(symbol, told, deps.settings.venue, price)
