"""Comparing the account with our books: at the start before anything is traded, on a schedule, and when a stream hints.

  our orders → the venue's telling → our books → differences, seen twice → verdicts → rows, halts, a stored result

A difference that is gone at the second look was an order on its way. The venue tells its account in several answers, so money
that differs counts only when nothing was traded between them; and while orders of ours are on their way it has HEAL_S to
explain itself, as have lists that do not show them yet. What halts does so by the floor's own halts, of one symbol or of
everything, which a person lifts.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from db import halting, venue_books
from mcp_servers.execution.venues.live.account_books import AccountBooks, opening, read, rows_of
from mcp_servers.execution.venues.live.telling import Asks, Teller
from openoutcry.errors import VenueUnknown
from openoutcry.orders import PREFIX
from openoutcry.ports import Clock
from openoutcry.reconcile.compare import Difference, differences
from openoutcry.reconcile.facts import AccountFacts, OrderFact
from openoutcry.reconcile.policy import ReconcileSettings, Verdict, brought, halted, verdicts
from openoutcry.types.amounts import plain
from openoutcry.types.orders import FINAL
from openoutcry.types.timeframes import millis

log = structlog.get_logger()
SECOND_LOOK_S = 1.0
HEAL_S = 15.0
"""How long money and lists may differ while an order of ours is on its way: within it every fill is heard of over REST."""
MOST_READINGS = 5
MONEY = frozenset({"balance_differs", "position_differs", "busted_fill"})
"""What is told by balances and positions, which are read after the trades that explain them."""
HEALING = MONEY | {"vanished_order"}
"""What may differ only because an order of ours is on its way: an exchange's lists show a new order seconds late too."""
BY = "reconciliation"


@dataclass(frozen=True, slots=True)
class Account:
    """Which account this is: ``name`` is stable for a key and tells nothing of it."""

    name: str
    exchange: str
    org_id: UUID
    symbols: tuple[str, ...]


def account_name(key: str) -> str:
    """A name for a key's account that says nothing of the key."""
    return hashlib.sha256(f"account:{key}".encode()).hexdigest()[:16]


class Reconciler:
    """One account's. ``run`` may be called as often as one likes; what is booked is booked once."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        ask: Asks,
        account: Account,
        settings: ReconcileSettings,
        clock: Clock,
        *,
        second_look_s: float = SECOND_LOOK_S,
    ) -> None:
        self._pool, self._account, self._settings, self._clock = pool, account, settings, clock
        self._teller = Teller(ask, account.symbols)
        self._second_look_s = second_look_s
        self._turn = asyncio.Lock()
        self.done = False
        """Whether one comparison has been made: nothing may be traded before."""

    async def run(self, *, waits: bool = True) -> tuple[Verdict, ...]:
        """Compare once, book, halt and keep the result. Raises VenueUnknown when the venue does not say.

        What an order under way may explain is waited for; a server that begins leaves it to the next comparison, for until
        it serves nobody protects anything and nobody looks orders up.
        """
        async with self._turn:
            for _ in range(MOST_READINGS):
                if (words := await self._once(waits)) is not None:
                    self.done = True
                    return words
        raise VenueUnknown(f"others booked during each of {MOST_READINGS} comparisons")

    async def _once(self, waits: bool) -> tuple[Verdict, ...] | None:
        """None when another comparison booked meanwhile: what differed may be explained by now."""
        at = self._clock.now()
        books, came = await self._books(), {}
        if not books.opened:
            there, told_ms = await self._first()
            came = brought(there.positions, self._settings)
            if not await self._entered(books, [opening(there, told_ms)], came):
                return None
            books = await self._books()
        words = verdicts(await self._found(books, waits), self._settings)
        halts = halted(words)
        if not await self._entered(books, rows_of(words, f"{millis(at)}"), halts):
            return None
        told = [told_of(word) for word in words]
        await venue_books.note(
            self._pool,
            self._account.org_id,
            self._account.name,
            self._account.exchange,
            at,
            told,
            came | halts,
        )
        return words

    async def _first(self) -> tuple[AccountFacts, int]:
        """The account to begin from, and when it was asked for: money told after the trades that moved it would be booked twice.
        Raises VenueUnknown for an account that does not hold still while it is told.
        """
        for _ in range(MOST_READINGS):
            asked_ms = millis(self._clock.now())
            there = await self._teller.tell({}, asked_ms)
            if not await self._teller.outdated(there):
                return there, asked_ms
        raise VenueUnknown(f"the account was traded on at each of {MOST_READINGS} readings")

    async def _entered(
        self, books: AccountBooks, rows: Sequence[tuple[str, str, dict[str, Any]]], halts: Mapping[str, str]
    ) -> bool:
        """Halt, then book; False when ``books`` are out of date. Of what is booked no later comparison halts any more: who dies
        in between has halted.
        """
        if halts and await venue_books.last(self._pool, self._account.name) != books.number:
            return False
        for symbol, reason in halts.items():
            await self._halt(symbol, reason)
        account = self._account
        return not rows or await venue_books.book(
            self._pool, account.org_id, account.name, rows, books.number
        )

    async def _found(self, books: AccountBooks, waits: bool) -> list[Difference]:
        """What differs at every look. A fill the venue has is a fill at whichever look shows it first: it is booked, and what it
        moved is left to the next comparison.
        """
        began = self._clock.now()
        found = await self._compared(books)
        fills = [one for one in found if one.kind == "missing_fill"]
        if not found or (fills and all(one.kind in ("missing_fill", "order_moved") for one in found)):
            return fills
        while True:
            await asyncio.sleep(self._second_look_s)
            seen = {_mark(one) for one in found}
            again = await self._compared(books)
            found = [one for one in again if one.kind == "missing_fill" or _mark(one) in seen]
            late = (self._clock.now() - began).total_seconds() >= HEAL_S
            if late or not _any(found, HEALING) or not await self._under_way(found):
                return found
            if not waits:
                return [one for one in found if one.kind not in HEALING]

    async def _under_way(self, found: Iterable[Difference]) -> bool:
        """Whether an own order may explain money that differs: one just sent, of unknown fate, or not caught up with."""
        if any(one.kind == "order_moved" for one in found):
            return True
        since = self._clock.now() - timedelta(seconds=HEAL_S)
        return await venue_books.under_way(self._pool, self._account.exchange, self._account.org_id, since)

    async def _compared(self, books: AccountBooks) -> list[Difference]:
        """What differs at one look. Raises VenueUnknown for an account that does not hold still while it is told."""
        for _ in range(MOST_READINGS):
            before = await self._orders()
            there = await self._teller.tell(books.since, books.since_ms)
            after = await self._orders()
            found = _differing(books, before, there, after)
            if not _any(found, MONEY) or not await self._teller.outdated(there):
                return found
        raise VenueUnknown(f"the account was traded on at each of {MOST_READINGS} readings")

    async def _orders(self) -> list[OrderFact]:
        rows = await venue_books.orders(self._pool, self._account.exchange, self._account.org_id)
        return [
            OrderFact(
                row["client_order_id"], row["venue_order_id"] or "", row["symbol"], row["side"], row["quantity"],
                row["executed_quantity"], row["status"] not in FINAL and row["venue_order_id"] is not None,
            )
            for row in rows
        ]  # fmt: skip

    async def _books(self) -> AccountBooks:
        return read(await venue_books.read(self._pool, self._account.name))

    async def _halt(self, symbol: str, reason: str) -> None:
        log.error("reconciliation_halts", symbol=symbol, reason=reason)
        await halting.throw(
            self._pool, self._account.org_id, reason=f"reconciliation: {reason}"[:500], by=BY, source="reconciliation",
            at=self._clock.now(), symbol=None if symbol == "*" else symbol,
        )  # fmt: skip


def told_of(word: Verdict) -> dict[str, Any]:
    """A verdict as stored and printed."""
    one = word.difference
    return {
        "kind": one.kind, "symbol": one.symbol, "subject": one.subject, "ours": one.ours, "theirs": one.theirs,
        "amount": plain(one.amount), "action": word.action, "halts": word.halts, "reason": word.reason,
    }  # fmt: skip


def _shown(there: AccountFacts, under_way: set[str], books: AccountBooks) -> AccountFacts:
    """The venue's telling without orders that were adopted, or sent since our books were read."""
    hidden = under_way | set(books.adopted)
    kept = tuple(order for order in there.orders if order.client_order_id not in hidden)
    return AccountFacts(kept, there.fills, there.moves, there.balances, there.positions, there.complete_from)


def _differing(
    books: AccountBooks, before: list[OrderFact], there: AccountFacts, after: list[OrderFact]
) -> list[Difference]:
    """The differences of one reading; our orders are as they were before it, and those after it are known too."""
    ours = {order.client_order_id for order in before}
    known = ours | set(books.adopted)
    shown = _shown(there, {order.client_order_id for order in after} - ours, books)
    return list(
        differences(books.facts(before), shown, named_ours=lambda n: n.startswith(PREFIX) and n not in known)
    )


def _any(found: Iterable[Difference], kinds: frozenset[str]) -> bool:
    return any(one.kind in kinds for one in found)


def _mark(one: Difference) -> tuple[object, ...]:
    return one.kind, one.symbol, one.subject, one.amount
