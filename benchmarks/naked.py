"""G6: how long what an entry filled was ever without a stop, by the practice exchange's own books.

make naked, or python -m benchmarks.naked [--runs 40] [--seed 6]

The worst case of each run: the round died right after its entry, so that the execution server alone protects, by the
standing instruction. Seeded: the market, the size, whether the entry rests, and what goes wrong with the stop. The books
are looked at every 5 ms; a look counts as naked when more is held than waiting stops cover. Exits with 1 above 5 s.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import structlog

from benchmarks.machine import machine
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from openoutcry.types.orders import FINAL, OrderRequest
from tests.mcp_servers.execution.live.guarded import ONE, Guarded, guarding
from tests.mcp_servers.execution.live.rig import order, rigged
from tests.mcp_servers.execution.venue import PERP

LIMIT_S = 5.0
LOOK_S = 0.005
STEP = Decimal("0.00001")
PRICE = 60_000
SPOT = "BTC/USDT"
PATHS = {"spot": "/api/v3/order", "perp": "/fapi/v1/algoOrder"}
TROUBLES = (
    "none", "rejected once", "rejected for ever", "hangs, taken", "hangs, lost", "reset, taken", "500, lost",
    "cancelled by the venue", "price beyond the stop", "rests, then fills",
)  # fmt: skip
FAULTS: dict[str, dict[str, Any]] = {
    "rejected once": {"kind": "code", "code": -2010, "message": "Rejected.", "status": 400, "accept": False},
    "rejected for ever": {
        "kind": "code", "code": -2010, "message": "Rejected.", "status": 400, "accept": False, "times": 3,
    },
    "hangs, taken": {"kind": "hang"},
    "hangs, lost": {"kind": "hang", "accept": False},
    "reset, taken": {"kind": "reset"},
    "500, lost": {"kind": "status", "status": 500, "accept": False},
}  # fmt: skip


class Watch:
    """The longest stretch in which the exchange's books had more held than its stops covered."""

    def __init__(self, guarded: Guarded, kind: str) -> None:
        self._guarded, self._kind = guarded, kind
        self._before = self._amount()
        self.longest = self.total = 0.0
        self.seen = False

    def _amount(self) -> Decimal:
        rig = self._guarded.rig
        if self._kind == "perp":
            return Decimal(rig.running.exchange.margin.position(rig.user.name, "BTCUSDT").amount) / ONE
        return Decimal(rig.held("BTC")) / ONE

    def bare(self) -> Decimal:
        """What is open without a stop at this moment."""
        held = abs(self._amount() - self._before)
        self.seen |= held > STEP
        return held - sum(self._guarded.stops(self._kind))

    async def run(self) -> None:
        """Look until cancelled."""
        since: float | None = None
        while True:
            now = perf_counter()
            if self.bare() < STEP:
                since = None
            else:
                since = now if since is None else since
                self.longest = max(self.longest, now - since)
            await asyncio.sleep(LOOK_S)


async def one(guarded: Guarded, seq: int, random: Random) -> tuple[str, float]:
    """One run; the trouble and the longest naked stretch in seconds."""
    kind, trouble = random.choice(("spot", "perp")), TROUBLES[seq % len(TROUBLES)]
    short = kind == "perp" and random.random() < 0.5
    size = str(Decimal(random.randrange(100, 900)) / 1000)
    rests = trouble == "rests, then fills"
    entry = order(
        "entry", "SELL" if short else "BUY", "LIMIT" if rests else "MARKET", size, symbol=PERP if kind == "perp" else SPOT,
        **({"price": "60500" if short else "59500"} if rests else {}),
    )  # fmt: skip
    if trouble in FAULTS:
        guarded.rig.fault(**{"path": PATHS[kind], "skip": 1 if kind == "spot" else 0, **FAULTS[trouble]})
    watch = Watch(guarded, kind)
    watching = asyncio.create_task(watch.run())
    await guarded.enter(entry, "62000" if short else "58000", seq)
    if trouble == "price beyond the stop":
        guarded.price(63_000 if short else 57_000)
    elif rests:
        await asyncio.sleep(1)
        guarded.price(60_600 if short else 59_400)
    elif trouble == "cancelled by the venue":
        await settled(watch)
        exchange, name = guarded.rig.running.exchange, guarded.rig.user.name
        for algo in exchange.algos.open(name):
            exchange.algos.cancel(algo, algo.time_ms)
        for waiting in [o for o in exchange.spot.open_orders(name) if o.stop]:
            exchange.spot.cancel(waiting, waiting.time_ms)
    await settled(watch)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert watch.seen, f"run {seq}: the entry did not fill"
    await closed(guarded, entry, seq)
    return trouble, watch.longest


async def settled(watch: Watch) -> None:
    """Until it is protected or flat, and stays so for a second; 20 s at most, which then is the figure."""
    quiet = 0
    for _ in range(400):
        await asyncio.sleep(0.05)
        quiet = quiet + 1 if watch.bare() < STEP and watch.seen else 0
        if quiet == 20:
            return


async def closed(guarded: Guarded, entry: OrderRequest, seq: int) -> None:
    """Leave nothing behind: guards cancelled, the position closed, the price back."""
    rules = guarded.rig.running.faults.rules
    rules.clear()
    facts = guarded.rig.facts
    async with guarded.deps.desk.account(facts) as venue:
        await venue.refresh()
        for asked, state in venue.orders():
            if state.status not in FINAL:
                name = guarded.rig.cid(asked.leg, state.order_seq)
                await venue.cancel(name, at=guarded.deps.clock.now(), by_seq=seq)
        left = sum((p.quantity for p in venue.positions() if p.symbol == entry.symbol), Decimal(0))
    if abs(left) >= Decimal("0.0005"):
        side = "SELL" if left > 0 else "BUY"
        quantity = str(abs(left).quantize(STEP, "ROUND_DOWN"))
        await guarded.place(
            order("exit", side, "MARKET", quantity, symbol=entry.symbol, reduce_only=True), seq
        )
    guarded.price(PRICE)
    await asyncio.sleep(0.2)


async def measure(url: str, home: Path, runs: int, seed: int) -> dict[str, object]:
    """The figure over so many runs."""
    await upgrade(url)
    random, worst, counted = Random(seed), dict.fromkeys(TROUBLES, 0.0), Counter[str]()
    async with rigged(home, url) as rig, guarding(rig, home, url) as guarded:
        protecting = asyncio.create_task(guarded.protector.run())
        try:
            for seq in range(1, runs + 1):
                trouble, longest = await one(guarded, seq, random)
                counted[trouble] += 1
                worst[trouble] = max(worst[trouble], longest)
        finally:
            protecting.cancel()
            await asyncio.gather(protecting, return_exceptions=True)
    return {
        "figure": "G6", "runs": runs, "seed": seed, "max_naked_s": round(max(worst.values()), 2), "limit_s": LIMIT_S,
        "max_naked_s_by_trouble": {name: round(worst[name], 2) for name in counted},
        **machine(),
    }  # fmt: skip


def main() -> None:
    """Print the figure with N, seed, machine and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=6)
    asked = parser.parse_args()
    structlog.configure(processors=[silent])
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            found = asyncio.run(measure(server.start(), Path(folder), asked.runs, asked.seed))
        finally:
            server.stop()
    print(json.dumps(found))
    sys.exit(1 if float(str(found["max_naked_s"])) > LIMIT_S else 0)


def silent(*_: object) -> dict[str, object]:
    """A structlog processor that lets no line out."""
    raise structlog.DropEvent


if __name__ == "__main__":
    main()
