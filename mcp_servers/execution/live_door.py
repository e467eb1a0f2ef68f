"""Opening and keeping the door to the exchange: the key is looked at first, what is unknown is looked up for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog

from db import halting, standing, venue_sends
from db.pool import UNANSWERED, Row
from mcp_servers.execution.desk import Exchange, VenueDesk
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.execution.venues.live.asking import BOUND, must
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.hearing import Hearing
from mcp_servers.execution.venues.live.keeper import Keeper
from mcp_servers.execution.venues.live.outcome import KeyRevoked
from mcp_servers.execution.venues.live.reading import GatewayReader
from mcp_servers.execution.venues.live.reconciler import Account, Reconciler, account_name
from mcp_servers.execution.venues.live.user_stream import StreamKeys, perp_hints, spot_hints
from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.errors import OpenOutcryError, StartupRefused, VenueUnknown
from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ports import Clock
from openoutcry.reconcile.policy import Verdict
from openoutcry.types.symbols import parse_symbol
from wire.budget import MachineClock, RequestBudget
from wire.config import ProcessConfig
from wire.venue_keys import VenueAccess

T = TypeVar("T")
log = structlog.get_logger()
LOOK_S = 2.0
ALARM = BOUND + timedelta(seconds=60)
TRIES = 5
Wait = Callable[[], Awaitable[None]]


async def shortly() -> None:
    """Wait a moment before the exchange is asked again."""
    await asyncio.sleep(0.5)


def pause_over(gateway: Gateway, pool: asyncpg.Pool, org_id: UUID, clock: Clock) -> Wait:
    """Wait until a pause is over that the exchange asked for, and say so: to end and start again would not shorten it."""

    async def wait() -> None:
        if (left := gateway.quiet_s) <= 0:
            await shortly()
            return
        until = (clock.now() + timedelta(seconds=left)).isoformat(timespec="seconds")
        what = f"the exchange asked for a pause: nothing is sent to it before {until}, then the execution server starts"
        log.warning("exchange_pause_awaited", seconds=round(left), until=until)
        data = {"status": "alarm", "message": what, "metadata": {"until": until}}
        await standing.alarm(pool, org_id, Event("system_status", data, clock.now()))
        while left > 0:  # counted as the budget counts: through a machine that sleeps, and a longer pause
            await asyncio.sleep(min(left, LOOK_S))
            left = gateway.quiet_s

    return wait


def gateway_of(
    access: VenueAccess, home: Path, pool: asyncpg.Pool, org_id: str, clock: MachineClock
) -> Gateway:
    """The gateway of a floor: its budget is every process's, and a lost key halts the floor."""

    async def halt(reason: str) -> None:
        why = f"the exchange does not accept the key any more: {reason}"[:500]
        await halting.throw(pool, UUID(org_id), reason=why, by="execution", source="breaker", at=clock.now())

    budget = RequestBudget(clock, home / "exchanges" / f"{access.exchange}.budget")
    return Gateway(access, budget, halt, clock)


@asynccontextmanager
async def opened_exchange(
    access: VenueAccess, config: ProcessConfig, pool: asyncpg.Pool, clock: MachineClock
) -> AsyncIterator[Exchange]:
    """The door to the exchange, until the context is left. Raises StartupRefused for a key that may too much."""
    gateway = gateway_of(access, config.home, pool, config.org_id, clock)

    async def opened_account(facts: SessionFacts) -> LiveVenue:
        venue = LiveVenue(pool, gateway, facts, clock)
        await venue.open()
        return venue

    try:
        await refuse_wide_key(gateway, pause_over(gateway, pool, UUID(config.org_id), clock))
        async with reconciled(gateway, access, config, pool, clock):
            yield opened_account
    finally:
        await gateway.close()


@asynccontextmanager
async def reconciled(
    gateway: Gateway, access: VenueAccess, config: ProcessConfig, pool: asyncpg.Pool, clock: Clock
) -> AsyncIterator[None]:
    """The account compared with our books before anything is traded, and from then on.

    Raises StartupRefused when the exchange does not say what it has.
    """
    key, secret = access.key.get_secret_value(), access.secret.get_secret_value()
    pause = pause_over(gateway, pool, UUID(config.org_id), clock)
    symbols = await insisted(lambda: with_perpetuals(gateway, config.run.symbols or ("BTC/USDT",)), pause)
    reader, keys = GatewayReader(gateway), StreamKeys(key, secret, access.url)
    account = Account(account_name(key), access.exchange, UUID(config.org_id), symbols)
    reconciler = Reconciler(pool, reader, account, config.settings.reconcile, clock)

    async def compare(*, waits: bool) -> tuple[Verdict, ...]:
        words = await reconciler.run(waits=waits)
        gateway.outrun = any((w.difference.kind, w.action) == ("restored_backup", "halt") for w in words)
        return words

    reader.awaited = True
    await insisted(lambda: compare(waits=False), pause)
    reader.awaited = False

    async def look() -> None:
        await hearing.look(await compare(waits=True))

    hearing = Hearing(pool, account.org_id, account.name)
    streams = [lambda: spot_hints(keys, gateway.now_ms), lambda: perp_hints(keys.url, reader.listen_key)]
    keeper = Keeper(streams, look, every_s=config.settings.reconcile.every_s)
    keeping = asyncio.create_task(keeper.run(), name="account-keeper")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def with_perpetuals(gateway: Gateway, symbols: tuple[str, ...]) -> tuple[str, ...]:
    """The symbols on spot, and the perpetual of each that has one. Raises VenueUnknown."""
    said = must(await gateway.ask("perp", "GET", "exchangeInfo", {}, weight=1, signed=False))
    try:
        there = {row["symbol"] for row in said["symbols"]}
    except (LookupError, TypeError) as error:
        raise VenueUnknown(f"no list of perpetuals: {error!r}") from error
    pairs = [parse_symbol(symbol) for symbol in symbols]
    sides = (side for pair in pairs for side in (pair.spot(), pair.perpetual()))
    return tuple(dict.fromkeys(str(side) for side in sides if side.settle is None or side.joined in there))


async def insisted(asking: Callable[[], Awaitable[T]], wait: Wait) -> T:
    """What has to be known before anything is traded; ``wait`` is what passes between two tries.

    Raises StartupRefused when the exchange does not say.
    """
    for _ in range(TRIES - 1):
        with suppress(VenueUnknown):
            return await asking()
        await wait()
    try:
        return await asking()
    except VenueUnknown as error:
        raise StartupRefused(f"the account cannot be compared with our books: {error}") from error


async def refuse_wide_key(gateway: Gateway, wait: Wait = shortly) -> None:
    """Raises StartupRefused for a key that may withdraw, may not trade, or of which nobody says what it may.

    It asks a few times, with ``wait`` between.
    """
    for left in range(TRIES, 0, -1):
        said = await gateway.ask("spot", "GET", "account/apiRestrictions", api="sapi")
        try:
            rights = must(said)
        except VenueUnknown as error:
            if isinstance(said, KeyRevoked):
                raise StartupRefused(
                    f"the exchange refuses the key ({said.code}: {said.message}): it is wrong or revoked, its secret is "
                    "another's, or it may not be used from this address"
                ) from error
            if gateway.lost is None and left > 1:
                await wait()
                continue
            raise StartupRefused(f"the exchange does not say what the key may do: {error}") from error
        if not isinstance(rights, dict) or rights.get("enableWithdrawals") is not False:
            raise StartupRefused("the exchange's key may withdraw money: make one without that permission")
        if rights.get("enableSpotAndMarginTrading") is not True:
            raise StartupRefused("the exchange's key may not trade: give it the permission")
        return


async def keep_looking(pool: asyncpg.Pool, desk: VenueDesk, sessions: KnownSessions, clock: Clock) -> None:
    """Look up every order of unknown outcome until it is known, whoever sent it and however long ago."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            for row in await venue_sends.unresolved(pool):
                await _look_up(pool, desk, sessions, row, clock)
        except UNANSWERED as error:
            log.warning("unknown_orders_not_read", error=f"{type(error).__name__}: {error}")


async def _look_up(
    pool: asyncpg.Pool, desk: VenueDesk, sessions: KnownSessions, row: Row, clock: Clock
) -> None:
    name = row["client_order_id"]
    try:
        facts = await sessions.facts(str(row["session_id"]), str(row["org_id"]))
        async with desk.account(facts) as venue:
            await venue.lookup(name)
    except (OpenOutcryError, *UNANSWERED) as error:
        late = clock.now() - row["sent_at"] > ALARM
        if late and await venue_sends.alarm_once(pool, name):
            log.error("order_unknown_too_long", client_order_id=name, error=str(error))
            await _alarm(pool, row, str(error), clock)


async def _alarm(pool: asyncpg.Pool, row: Row, error: str, clock: Clock) -> None:
    """Tell everybody who listens to the floor of an order that stays unknown."""
    name, symbol = row["client_order_id"], row["request"]["symbol"]
    what = f"{symbol}: nobody knows what became of order {name}, sent at {row['sent_at'].isoformat()}"
    data = {"status": "alarm", "message": what, "metadata": {"client_order_id": name, "error": error[:300]}}
    await standing.alarm(pool, row["org_id"], Event("system_status", data, clock.now()))
