"""G4, rows E1 to E3: every way an order's answer can be lost, by kind of order, by whether it arrived, by what became of it.

One cell is one order through the placing protocol and the live account against the practice exchange, asked for until its
fate is known, with a new account (a restarted process) before each time. What is true is read from the exchange's own
ledger, never from the account under test.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

from mcp_servers.execution.intents import Intent
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import Guard
from mcp_servers.execution.placing import place
from mcp_servers.execution.venues.live.asking import BOUND
from openoutcry.types.orders import OrderRequest, OrderState
from sandbox.orders import Fill, Order
from tests.mcp_servers.execution.floor import approve
from tests.mcp_servers.execution.live.rig import Rig, order
from wire.clock import Uptime, WallClock

ONE = 10**8
RESPONSES: dict[str, dict[str, Any]] = {
    "hang": {"kind": "hang"},
    "reset": {"kind": "reset"},
    "close": {"kind": "close"},
    "cut": {"kind": "cut"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503, "body": "Unknown error, please check your request or try again later."},
    "504": {"kind": "status", "status": 504, "body": "<html>"},
    "bare 403": {"kind": "status", "status": 403},
    "html": {"kind": "html"},
    "empty": {"kind": "empty"},
    "braces": {"kind": "braces"},
    "nulls": {"kind": "nulls"},
    "garbage": {"kind": "garbage"},
    "foreign": {"kind": "foreign"},
    "-1007 in 200": {"kind": "code", "code": -1007, "status": 200},
}  # fmt: skip
TYPES = ("MARKET", "LIMIT", "STOP_LOSS")
PRICE, LOW = 60_000, 58_000
LOOKUP_FAULTS = ("hang", "reset", "cut", "html", "empty", "braces", "nulls", "foreign", "status", "code")
MOST_ASKED = 12


@dataclass(frozen=True)
class Cell:
    """``done``: filled at once (a stop: triggered before anybody asks). Else it rests; a market order cannot rest and
    is filled, but is not to be found for three seconds."""

    response: str
    type: str
    accepted: bool
    done: bool


CELLS = tuple(Cell(*one) for one in product(RESPONSES, TYPES, (True, False), (True, False)))


class ShiftedClock(WallClock):
    """Real time, and as much more as was skipped."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift

    def uptime(self) -> Uptime:
        boot, seconds = super().uptime()
        return Uptime(boot, seconds + self.shift.total_seconds())


@dataclass
class Findings:
    """What was wrong, by kind; each names its cell."""

    cells: int = 0
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.doubled, *self.lost, *self.undecided, *self.ledger]


class Matrix:
    """Runs cells one after another on one exchange; ``seed`` draws quantities, sides, and faults of the lookups too."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._rig, self._draw = rig, Random(seed)
        self._perp = seed % 2 == 0
        self._market = (rig.running.exchange.perp if self._perp else rig.running.exchange.spot).markets[
            "BTCUSDT"
        ]
        rig.running.limits.orders = dict.fromkeys(("spot", "perp"), 10**6)
        rig.running.limits.weight = dict.fromkeys(("spot", "perp"), 10**9)
        self._falls = False
        note = rig.running.note

        def noted(method: str, path: str, status: int) -> None:
            note(method, path, status)
            if self._falls and method == "POST":  # taken, and its answer not yet under way
                self._at(LOW)

        rig.running.note = noted  # type: ignore[method-assign]

    async def run(self, cell: Cell, seq: int, found: Findings) -> None:
        rig, request = self._rig, self._wanted(cell)
        self._spoil(cell)
        self._falls = cell.type == "STOP_LOSS" and cell.done
        posts, state = rig.posts(), None
        for asked in range(MOST_ASKED):
            state = await self._ask(request, seq)
            if state.status not in ("INTENT", "SENT", "UNKNOWN"):
                break
            if asked > 2:
                self._skip(BOUND + timedelta(seconds=1))
        assert state is not None
        self._falls = False
        self._at(PRICE)
        state = await self._settled(request, seq, state)
        self._judge(cell, seq, request, state, rig.posts() - posts, found)
        row = await rig.pool.fetchrow(
            "SELECT status, executed_quantity FROM orders WHERE client_order_id = $1", rig.cid("entry", seq)
        )
        if row is None or (not cell.accepted and row["status"] != "REJECTED"):
            found.lost.append(f"{cell}: the row says {row}")
        found.cells += 1

    async def _ask(self, request: OrderRequest, seq: int) -> OrderState:
        """As a process that was just started asks: nothing is known but what is written."""
        rig = self._rig
        venue = await rig.restarted()
        now = rig.clock.now()
        approval = approve(request, seq, 0, {"expires_at": now + timedelta(days=1)})
        intent = Intent(rig.facts, seq, request, approval, now)
        guard = Guard((), KillFile(rig.home / "KILL"))
        return await place(rig.pool, venue, intent, now, guard)

    async def _settled(self, request: OrderRequest, seq: int, state: OrderState) -> OrderState:
        """Cancel what rests, with an honest exchange, and read the end of it."""
        rig = self._rig
        rig.running.faults.remove(None)
        if state.status == "REJECTED":
            return await self._ask(request, seq)
        ended = await rig.venue.cancel(rig.cid(request.leg, seq), at=rig.clock.now(), by_seq=seq)
        assert ended is not None
        return ended

    def _judge(
        self, cell: Cell, seq: int, request: OrderRequest, state: OrderState, posts: int, found: Findings
    ) -> None:
        name = self._rig.cid(request.leg, seq)
        there = self._orders(name)
        if len(there) > cell.accepted or posts != 1:
            found.doubled.append(f"{cell}: {len(there)} orders, {posts} requests")
        executed = sum(one.executed for one in there)
        wanted = (
            ("FILLED" if cell.done or cell.type == "MARKET" else "CANCELED") if cell.accepted else "REJECTED"
        )
        if state.status != wanted or state.executed_quantity * ONE != executed:
            found.lost.append(
                f"{cell}: {state.status} {state.executed_quantity}, the exchange has {executed}"
            )

    def _orders(self, name: str) -> list[Order]:
        """What the exchange ever took under a name; a conditional order counts as what it became."""
        exchange = self._rig.running.exchange
        placed = [one for venue in (exchange.spot, exchange.perp) for _, one in venue.accepted]
        algos = [one for one in exchange.algos.all.values() if one.ticket.client_id == name]
        ids = {one.order_id for one in algos if one.order_id}
        direct = [one for one in placed if one.client_id == name and one.id not in ids]
        return direct + [one for one in placed if one.id in ids]

    def audit(self, found: Findings) -> None:
        """Our fills against the exchange's, one by one, and against its balances, to the unit."""
        rig, exchange = self._rig, self._rig.running.exchange
        ours = rig.venue.before(10**9, 0).fills
        theirs: dict[str, Fill] = {
            f"spot-{f.symbol}-{f.id}": f for f in exchange.spot.fills if f.account == rig.user.name
        }
        theirs |= {f"perp-{f.symbol}-{f.id}": f for f in exchange.perp.fills if f.account == rig.user.name}
        if sorted(one.trade_id for one in ours) != sorted(theirs):
            found.ledger.append(f"{len(ours)} fills are booked, the exchange has {len(theirs)}")
        signed = [(one, 1 if one.side == "BUY" else -1) for one in ours]
        base = sum(Decimal(sign) * one.quantity for one, sign in signed)
        if self._perp:
            position = dict(exchange.margin.held(rig.user.name)).get("BTCUSDT")
            if base * ONE != (position.amount if position else 0):
                found.ledger.append(f"position {base}, the exchange has {position}")
            if sum(one.fee for one in ours) * ONE != sum(one.fee for one in theirs.values()):
                found.ledger.append("fees differ")
            return
        quote = -sum(sign * one.quantity * one.price + one.fee for one, sign in signed)
        if (base * ONE, quote * ONE) != (rig.held("BTC") - 2 * ONE, rig.held("USDT") - 100_000 * ONE):
            found.ledger.append(
                f"BTC {base} and USDT {quote} by our fills, not so by the exchange's balances"
            )

    def _wanted(self, cell: Cell) -> OrderRequest:
        quantity = str(Decimal(self._draw.randrange(2, 20)) / 1000)
        symbol = "BTC/USDT:USDT" if self._perp else "BTC/USDT"
        side = self._draw.choice(("BUY", "SELL"))
        more: dict[str, Any] = {"symbol": symbol}
        if cell.type == "LIMIT":
            more["price"] = str(PRICE + 1000 if (side == "BUY") == cell.done else PRICE - 1000)
        if cell.type == "STOP_LOSS":
            side = "SELL"
            more["stop_price"] = "59000" if cell.done else "50000"
        return order("entry", side, cell.type, quantity, **more)

    def _spoil(self, cell: Cell) -> None:
        """The answer to the order; and of some seeds' first lookups too."""
        rig = self._rig
        algo = self._perp and cell.type == "STOP_LOSS"
        path = "/fapi/v1/algoOrder" if algo else "/fapi/v1/order" if self._perp else "/api/v3/order"
        hidden = 3.0 if cell.type == "MARKET" and not cell.done else 0.0
        rig.fault(path=path, accept=cell.accepted, born=hidden, **RESPONSES[cell.response])
        for _ in range(self._draw.randrange(3)):
            rig.fault(self._draw.choice(LOOKUP_FAULTS), path=path, method="GET")

    def _at(self, price: int) -> None:
        self._market.tape.held = price * ONE
        self._rig.running.exchange.tick()

    def _skip(self, span: timedelta) -> None:
        """Let time pass for the floor and for the exchange alike."""
        assert isinstance(self._rig.clock, ShiftedClock)
        self._rig.clock.shift += span
        self._rig.running.exchange.clock.skew_ms += int(span.total_seconds() * 1000)
