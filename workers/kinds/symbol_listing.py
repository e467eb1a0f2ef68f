"""Jobs of kind ``symbol_listing``: the symbols an exchange lists now, and its timeframes."""

import asyncio

from db.jobs.rows import Output
from mcp_servers.market.sources.listing import Listing
from mcp_servers.market.sources.opening import opened_history
from wire.clock import WallClock
from workers.work import Work


def run(work: Work) -> Output:
    """Ask the exchange. Raises DataUnavailable when it does not answer."""
    listing = asyncio.run(_listed(work, str(work.request["exchange"])))
    return Output(
        result={
            "symbols": list(listing.symbols),
            "timeframes": list(listing.timeframes),
            "listed_at": WallClock().now().isoformat(),
        }
    )


async def _listed(work: Work, exchange: str) -> Listing:
    async with opened_history(work.home, exchange) as history:
        return await history.listing()
