"""What a floor asks beyond this machine: the exchange's public data, the account's key, the news."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from openoutcry.errors import BadConfig, DataUnavailable, StartupRefused
from outcry.checks.check import Check
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.config import load_settings
from wire.exchanges import refuse_unknown
from wire.venue_keys import access_of


async def venue(exchange: str) -> Check:
    """The exchange's public data can be reached."""
    try:
        refuse_unknown(exchange)
    except BadConfig as error:
        return Check(name="venue", state="fail", said=str(error), advice="name one that ccxt knows")
    command = [sys.executable, "-m", "mcp_servers.market.sources.probe", "--exchange", exchange]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        code = await asyncio.wait_for(process.wait(), 10.0)
    except TimeoutError:
        process.kill()
        code = 1
    if code == 0:
        return Check(name="venue", state="ok", said=f"{exchange} answers")
    return Check(
        name="venue",
        state="warn",
        said=f"{exchange} does not answer",
        advice="`--market auto` will trade synthetic data; check network and proxy for live data",
    )


async def live_orders(home: Path, exchange: str, url: str | None, account: Mapping[str, str]) -> list[Check]:
    """On a floor whose mode is live: the key is there, is accepted, may trade and may not withdraw."""
    if load_settings(home).trading.mode != "live":
        return []
    from mcp_servers.execution.live_door import refuse_wide_key
    from mcp_servers.execution.venues.live.gateway import Gateway

    async def lost(reason: str) -> None:
        """Nothing trades here that would have to be halted."""

    clock = WallClock()
    try:
        access = access_of(account, exchange, url)
        gateway = Gateway(
            access, RequestBudget(clock, home / "exchanges" / f"{exchange}.budget"), lost, clock
        )
        try:
            await refuse_wide_key(gateway)
        finally:
            await gateway.close()
    except (StartupRefused, BadConfig) as error:
        return [Check(name="live orders", state="fail", said=str(error), advice="see docs/live.md")]
    return [
        Check(name="live orders", state="ok", said=f"{exchange} takes the key: it may trade, not withdraw")
    ]


async def feeds(home: Path) -> list[Check]:
    """What the news server is told to read: each place by its name, never by its address; nothing where none is configured."""
    from mcp_servers.news.places import read_place, refuse_place

    told = load_settings(home).news
    places = {f"news.feeds.{name}": place for name, place in told.feeds.items()}
    places |= {"news.fear_greed": told.fear_greed} if told.fear_greed else {}
    found = []
    for name, place in places.items():
        try:
            refuse_place(place, name)
            size = len(await read_place(place, home))
        except BadConfig as error:
            found.append(
                Check(name="news", state="fail", said=str(error), advice=f"correct {name} in the settings")
            )
        except DataUnavailable as error:
            said = f"{name}: {error}"
            advice = "until it can be read the news server goes by the other feeds"
            found.append(Check(name="news", state="warn", said=said, advice=advice))
        else:
            found.append(Check(name="news", state="ok", said=f"{name}: {size:,} bytes"))
    return found
