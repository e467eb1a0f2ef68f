"""The execution server's protection between rounds, in the simulated world."""

import asyncio
from dataclasses import replace
from datetime import datetime

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.protecting import Protector
from simulator.engine.clocks import BORN
from simulator.exchange.book import FINAL
from simulator.floor.world import World
from wire.clock import WallClock

LOOK_S = 1.0
"""Half as often as on a real floor: every look asks the database and the exchange."""
ALONE = 3
"""Of so many looks one is at stops without a target, which many are meant to be."""


class MarketClock(WallClock):
    """Market time, which on a recorded market is that of the newest round."""

    def __init__(self, world: World) -> None:
        self._rows = world.database.tables.rows

    def now(self) -> datetime:
        """Its beginning, before the first round."""
        row = self._rows.get("floor_state", {}).get("clock")
        return BORN if row is None else datetime.fromisoformat(row["value"]["as_of"])


class SimulatedProtector(Protector):
    """The real one. Looks that would find nothing are spared: stops cover what is held and have their targets, or nothing is
    held and nothing waits to close it. A bare stretch is looked at until a look has seen it end.
    """

    def __init__(self, world: World, deps: ExecutionDeps) -> None:
        super().__init__(replace(deps, clock=MarketClock(world)), look_s=LOOK_S, market="recorded")
        self._exchange, self._log = world.exchange, world.log
        self._looks = 0

    async def look(self) -> None:
        """Look, if there is anything to mend."""
        closing = [o for o in self._exchange.orders if o.side == "SELL" and o.status not in FINAL]
        stops = [o for o in closing if o.kind.startswith("STOP")]
        targets = {o.group for o in closing if o.kind.startswith("TAKE_PROFIT")}
        covered = sum(o.quantity - o.filled for o in stops)
        held, step = self._exchange.base, self._exchange.step
        self._looks += 1
        alone = self._looks % ALONE == 0 and any(stop.group not in targets for stop in stops)
        if self._naked or held - covered >= step or (held < step and closing) or alone:
            await super().look()

    def begin(self) -> None:
        """Look until the process ends. It must not end by itself."""
        asyncio.create_task(self.run()).add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._log.note("server_failed", name="execution", tool="protection", error=repr(error)[:300])
