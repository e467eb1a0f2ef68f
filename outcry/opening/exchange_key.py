"""What the exchange says of a live floor's key, asked before anything is started."""

from pathlib import Path

from wire.venue_keys import VenueAccess


async def checked(access: VenueAccess, home: Path) -> None:
    """Raises StartupRefused for a key that may withdraw, may not trade, or of which the exchange does not say what it may.

    The execution server asks again whenever it starts: a key's permissions can be changed under a floor that runs.
    """
    from mcp_servers.execution.live_door import (
        refuse_wide_key,
    )  # ccxt: only a floor with real money pays for it
    from mcp_servers.execution.venues.live.gateway import Gateway
    from wire.budget import RequestBudget
    from wire.clock import WallClock

    async def lost(reason: str) -> None:
        """The refusal says it."""

    clock = WallClock()
    budget = RequestBudget(clock, home / "exchanges" / f"{access.exchange}.budget")
    gateway = Gateway(access, budget, lost, clock)
    try:
        await refuse_wide_key(gateway)
    finally:
        await gateway.close()
