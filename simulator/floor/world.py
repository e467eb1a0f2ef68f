"""One simulated world: everything fake, and the processes of the real floor living in it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.database.server import Database
from simulator.database.tables import Change, Tables
from simulator.engine.log import EventLog
from simulator.engine.process import Process
from simulator.exchange.book import UNIT, Exchange
from simulator.exchange.strangers import Strangers
from simulator.floor.faults import policy, rates
from simulator.world.chance import Chance
from simulator.world.door import Door
from simulator.world.market import BAR_MS, PAST, SYMBOL, SimulatedReader, integers, walk
from simulator.world.network import Network

CAPITAL = 10_000


class World:
    """Built from a seed. ``rows`` hears every committed change of the database."""

    def __init__(self, seed: int, home: Path, log: EventLog, rows: Callable[[list[Change]], None]) -> None:
        loop = asyncio.get_running_loop()
        self.seed, self.home, self.log = seed, home, log
        self.chance = Chance(seed, log, {})
        self.chance = Chance(seed, log, rates(self.chance.stream("rates")))
        self.database = Database(Tables(rows), self.chance, loop.time)
        self.network = Network(self.chance)
        bars = walk(seed)
        self.exchange = Exchange(
            cash=CAPITAL * UNIT,
            bars=integers(bars),
            bar_ms=BAR_MS,
            random=self.chance.stream("exchange"),
            now=loop.time,
            note=log.note,
        )
        self.exchange.matched = PAST
        self.strangers = Strangers(self.exchange)
        self.door = Door(self.exchange, self.strangers, self.chance)
        self.reader = SimulatedReader(home, bars)
        self.symbol = SYMBOL
        self.trails = self.chance.stream("trails").random() < 0.5
        self.policy = policy(self.chance.stream("policy"))
        log.note("policy", **self.policy)
        log.note("account", cash=self.exchange.cash, base=self.exchange.base)
        self.processes: dict[str, Process] = {}
        self.all: list[Process] = []
        self.over = False
        self._lives: Counter[str] = Counter()

    def born(self, name: str) -> Process:
        """A new life of a process."""
        self._lives[name] += 1
        process = Process(name, self._lives[name], asyncio.get_running_loop().time())
        self.processes[name] = process
        self.all.append(process)
        self.log.note("process", name=name, life=process.life)
        return process

    def crash(self, point: str, process: Process) -> bool:
        """Whether the process dies at this crash point."""
        return self.chance.strikes(f"kill_{point}", process=process.name)

    def facts(self) -> dict[str, Any]:
        """What the exchange holds, for the log's last line."""
        return {"cash": self.exchange.cash, "base": self.exchange.base, "orders": len(self.exchange.orders),
                "trades": len(self.exchange.trades)}  # fmt: skip
