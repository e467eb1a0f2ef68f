"""C7: an exchange whose name nobody resolves, and one that is reached over IPv6 alone."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pydantic import SecretStr

from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.venue import LiveVenue
from sandbox.serving import Server
from tests.mcp_servers.execution.live.rig import Rig, order
from wire.budget import RequestBudget
from wire.venue_keys import VenueAccess

ENTRY = order("entry", "BUY", "MARKET", "0.01")


@asynccontextmanager
async def at(rig: Rig, url: str) -> AsyncIterator[LiveVenue]:
    """The rig's account, with its exchange at another address."""
    access = VenueAccess(
        exchange="binance", key=SecretStr(rig.user.key), secret=SecretStr(rig.user.secret), url=url
    )

    async def lost(reason: str) -> None:
        raise AssertionError(reason)

    gateway = Gateway(access, RequestBudget(rig.clock), lost, rig.clock, deadline_s=5.0)
    venue = LiveVenue(rig.pool, gateway, rig.facts, rig.clock)
    await venue.open()
    try:
        yield venue
    finally:
        await gateway.close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_c7_without_name_resolution_nothing_leaves_and_nothing_is_unknown(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up before anything is sent: the order surely does not exist."""
    await rig.venue.advance(rig.clock.now())
    async with at(rig, rig.gateway._access.url or "") as venue:
        await venue._sending._markets.filters("BTC/USDT")  # read while names were resolved

        def nobody(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", nobody)
        venue._sending._gateway._signer.urls["api"] = {
            name: str(address).replace("127.0.0.1", "exchange.invalid")
            for name, address in venue._sending._gateway._signer.urls["api"].items()
            if isinstance(address, str)
        }
        state = await venue.place(rig.ticket(ENTRY))
    assert state.status == "REJECTED" and "DNS" in str(state.error), state
    assert rig.posts() == 0 and rig.accepted() == []


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
async def test_c7_an_exchange_over_ipv6_alone_takes_orders(rig: Rig) -> None:
    runner = web.AppRunner(Server(rig.running).app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "::1", 0).start()
    try:
        async with at(rig, f"http://[::1]:{runner.addresses[0][1]}") as venue:
            state = await venue.place(rig.ticket(ENTRY))
            assert state.status == "FILLED" and rig.accepted() == [rig.cid("entry")]
    finally:
        await runner.cleanup()
