"""Every check, in the order a floor needs things."""

import os
from pathlib import Path

from outcry import runfile
from outcry.checks import floor as floors
from outcry.checks import machine, models, outside
from outcry.checks.check import Check
from wire import vendor_keys, venue_keys


async def run_all(home: Path, port: int, exchange: str, exchange_url: str | None = None) -> list[Check]:
    """Look at everything once. Keys leave the environment first: programs that are asked here inherit none."""
    keys, account = vendor_keys.take(os.environ), venue_keys.take(os.environ)
    floor, settings = runfile.running(home), machine.settings(home)
    found = [
        *machine.without_settings(home),
        settings,
        floors.api_port(port, floor),
        *[check async for check in floors.database(home)],
        *[check async for check in floors.processes(floor)],
        await outside.venue(exchange),
    ]
    if settings.state != "ok":  # what they would name cannot be looked at
        return found
    return [
        *found,
        *await models.minds(home, keys),
        *await models.embedder(home, keys),
        *await outside.feeds(home),
        *await outside.live_orders(home, exchange, exchange_url, account),
    ]
