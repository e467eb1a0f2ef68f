"""The comparison of the account with the books: the product's own, at the simulated exchange and on virtual time."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from db import halting
from db.pool import UNANSWERED
from mcp_servers.execution.live_door import insisted, shortly
from mcp_servers.execution.venues.live.keeper import Keeper
from mcp_servers.execution.venues.live.reconciler import BY, Account, Reconciler, account_name
from openoutcry.errors import NotFound, OpenOutcryError, VenueUnknown
from openoutcry.reconcile.policy import ReconcileSettings
from simulator.engine.process import CURRENT
from simulator.floor.settings import ADOPTING, settings_of
from simulator.floor.world import World
from simulator.world.door import Door, OffClock, SlowDown, Unclear
from simulator.world.market import EXCHANGE, SYMBOL
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

ACCOUNT = Account(account_name("simulated"), EXCHANGE, UUID(DEFAULT_ORG), (SYMBOL,))
LOOKS = 5
"""How often a person tries to compare."""


class Questions:
    """Questions as the comparison asks them. Nothing is asked before a Retry-After has passed."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        """The exchange's answer. Raises VenueUnknown when there is none."""
        door, now = self._door, asyncio.get_running_loop().time
        # Who is held is held before: the product looks for a pause microseconds before its first byte.
        await CURRENT.get().gate()
        if (rest := door.told_until - now()) > 0:
            raise VenueUnknown(f"the exchange asked for a pause; {rest:.0f} s are left of it")
        try:
            return await door.account(path, params)
        except SlowDown as slow:
            door.told_until = now() + slow.after_s
            raise VenueUnknown(str(slow)) from slow
        except (Unclear, OffClock) as error:
            raise VenueUnknown(f"{type(error).__name__}: {error}") from error


def reconciler(world: World, pool: Any, policy: ReconcileSettings) -> Reconciler:
    """The product's own."""
    return Reconciler(pool, Questions(world.door), ACCOUNT, policy, WallClock())


async def keep_comparing(world: World, pool: Any) -> None:
    """Compare once, which may fail, and begin to go on with it for as long as the process lives."""
    policy = settings_of(world).reconcile
    comparing = reconciler(world, pool, policy)
    await insisted(lambda: comparing.run(waits=False), shortly)

    async def look() -> None:
        await comparing.run()

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            world.log.note("server_failed", name="execution", tool="reconciliation", error=repr(error)[:300])

    keeper = Keeper((), look, every_s=policy.every_s)
    asyncio.create_task(keeper.run()).add_done_callback(ended)


async def looked_into(world: World, pool: Any, seconds: float) -> None:
    """A person looks, after a while, at what a comparison has halted, adopts it and lets trading go on."""
    await asyncio.sleep(seconds)
    for _ in range(LOOKS):
        with contextlib.suppress(OpenOutcryError, *UNANSWERED):
            stood = await halting.standing(pool)
            if halted := [symbol for symbol, value in stood.items() if value["by"] == BY]:
                await _adopted(world, pool)
            for symbol in halted:
                with contextlib.suppress(NotFound):
                    await halting.release(
                        pool, UUID(DEFAULT_ORG), reason="looked at", by="person", at=WallClock().now(), symbol=symbol
                    )  # fmt: skip
            return
        await asyncio.sleep(2.0)


async def _adopted(world: World, pool: Any) -> None:
    world.log.note("person_adopts")
    try:
        await reconciler(world, pool, ADOPTING).run()
    finally:
        world.log.note("person_done")
