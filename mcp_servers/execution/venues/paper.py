"""The paper venue: the matching engine with a journal of its own, as independent of the floor as a real
exchange.

It is its journal: cash, positions, orders and what was matched when are rebuilt from that alone on opening. A
client order id names one order for ever. Bars that change nothing leave no trace; the next accepted order
carries time on.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from mcp_servers.execution.venues.feed import Feed
from mcp_servers.execution.venues.history import History, cancelling, placing
from mcp_servers.execution.venues.journal import Journal, JournalBroken, Transaction
from mcp_servers.execution.venues.protocol import Balance, Still, VenuePosition
from mcp_servers.execution.venues.statements import Statements
from openoutcry.errors import VenueError, VenueRejected
from openoutcry.sim.account import Account, evolve, is_perp
from openoutcry.sim.checks import locked
from openoutcry.sim.engine import MarketView, Ticket, advance, cancel, place
from openoutcry.sim.events import Advanced, Opened, Rejected, VenueEvent
from openoutcry.sim.latency import first_bar
from openoutcry.sim.rules import VenueRules
from openoutcry.types.market import Bar
from openoutcry.types.orders import OrderState
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import bar_length
from wire.crashpoint import crashpoint


class PaperVenue(Statements):
    """One session's account. ``symbols`` are those it may trade."""

    def __init__(self, path: Path, feed: Feed, symbols: Sequence[str], opening: Opened) -> None:
        """Open the account's journal, or begin it with ``opening``. Raises JournalBusy, JournalBroken."""
        self._feed = feed
        self._symbols = tuple(symbols)
        self._account = Account()
        self._history = History()
        self._journal = Journal(path)
        self._rules = self._recovered(opening)

    def _recovered(self, opening: Opened) -> VenueRules:
        """Rebuild the account from its journal; the rules it was opened with stay its own."""
        past = self._journal.recover()
        if not past:
            self._commit("open", [opening])
            return opening.rules
        first = past[0].events[0]
        if not isinstance(first, Opened) or first.account != opening.account:
            self._journal.close()
            raise JournalBroken(f"{self._journal.path}: not the journal of account {opening.account}")
        for transaction in past:
            self._believe(transaction)
        return first.rules

    @property
    def broken(self) -> bool:
        """True after a failed write: open the account again to learn what was kept."""
        return self._journal.closed

    @property
    def outrun(self) -> bool:
        """Never: its journal is the account."""
        return False

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    async def place(self, ticket: Ticket, still: Still | None = None) -> OrderState:
        """Take an order once; the same name again is the same order. Raises VenueRejected for another
        request.
        """
        known = self._history.orders.get(ticket.client_order_id)
        if known is None:
            if ticket.request.symbol not in self._symbols:
                raise VenueRejected(f"BAD_SYMBOL: {ticket.request.symbol} is not traded in this account")
            view = await self._view(ticket)
            known = self._history.orders.get(ticket.client_order_id)
        if known is None:
            if still is not None:
                await still()
            events = place(self._account, self._rules, ticket, view)
            self._commit(placing(ticket.order_seq, ticket.request.leg), events)
            known = self._history.orders[ticket.client_order_id]
        if known.request != ticket.request:
            raise VenueRejected(f"DUPLICATE: {ticket.client_order_id} already names another order")
        crashpoint("k10")
        return known.state

    async def cancel(
        self, client_order_id: str, *, at: datetime, by_seq: int, still: Still | None = None
    ) -> OrderState | None:
        """Cancel a working order; a final one stays as it is."""
        known = self._history.orders.get(client_order_id)
        if known is None:
            return None
        if still is not None:
            await still()
        events = cancel(self._account, self._rules, client_order_id, at, "REQUESTED")
        if events:
            self._commit(cancelling(by_seq, client_order_id), events)
        return known.state

    async def lookup(self, client_order_id: str) -> OrderState | None:
        """The order of that name; the journal proves absence."""
        known = self._history.orders.get(client_order_id)
        return known.state if known else None

    async def disown(self, ticket: Ticket) -> OrderState:
        """Refuse for ever an order that never came; one that did come stays as it is."""
        if ticket.client_order_id not in self._history.orders:
            never = Rejected(
                at=ticket.at,
                client_order_id=ticket.client_order_id,
                order_seq=ticket.order_seq,
                request=ticket.request,
                error="NEVER_ARRIVED: the venue has no order of this name",
            )
            self._commit("disown", [never])
        return self._history.orders[ticket.client_order_id].state

    async def advance(self, as_of: datetime) -> None:
        """Match every bar closed by ``as_of`` that was not matched yet, and pay the funding due.

        Raises VenueError when the journal is more than a bar ahead: it was not written by this run.
        """
        account, since = self._account, self._account.as_of or as_of
        if as_of + bar_length(self._rules.timeframe) < since:
            raise VenueError(
                f"{self._journal.path}: stands at {since}, ahead of {as_of}: the ledger of another run"
            )
        if account.idle:
            self._account = evolve(account, Advanced(at=max(as_of, since), cursors={}))
            return
        symbols = sorted({order.request.symbol for order in account.working.values()} | set(account.holdings))
        starts = {symbol: self._unmatched(symbol, since) for symbol in symbols}
        bars = {symbol: self._feed.closed(symbol, start, as_of) for symbol, start in starts.items()}
        due = [f for s in symbols if is_perp(s) for f in self._feed.funding(s, since, as_of)]
        prices = {
            symbol: last.close for symbol, start in starts.items() if (last := self._feed.last(symbol, start))
        }
        events = advance(account, self._rules, bars, due, as_of, prices)
        if events:
            self._commit("advance", events)

    async def refresh(self) -> None:
        """Nothing: this market moves when a round advances it."""

    def balances(self) -> tuple[Balance, ...]:
        """Cash, and the base asset of every spot symbol held."""
        cash = Balance(self._account.quote_asset, self._account.cash, locked(self._account, self._rules))
        held = [(s, h.quantity) for s, h in sorted(self._account.holdings.items()) if not is_perp(s)]
        return (cash, *(Balance(parse_symbol(s).base, quantity, Decimal(0)) for s, quantity in held))

    async def told_at(self) -> datetime | None:
        """None: the account is this one, and no telling of it."""
        return None

    def positions(self) -> tuple[VenuePosition, ...]:
        """Net positions, by symbol."""
        return tuple(
            VenuePosition(symbol, held.quantity, held.cost / held.quantity)
            for symbol, held in sorted(self._account.holdings.items())
        )

    def _unmatched(self, symbol: str, since: datetime) -> datetime:
        """Open time of the first bar of the symbol that may still matter."""
        waiting = (o.first_bar for o in self._account.working.values() if o.request.symbol == symbol)
        return self._account.cursors.get(symbol) or min([since, *waiting])

    async def _view(self, ticket: Ticket) -> MarketView:
        symbol, at = ticket.request.symbol, ticket.at
        lasts: dict[str, Bar | None] = {s: self._feed.last(s, at) for s in self._symbols}
        return MarketView(
            prices={s: bar.close for s, bar in lasts.items() if bar is not None},
            next_bar=self._feed.arriving(symbol, first_bar(self._rules, at)),
            book=await self._feed.book(symbol, at),
        )

    def _commit(self, cause: str, events: Sequence[VenueEvent]) -> None:
        """Write first, believe after. Only the passing of time may be forgotten: it follows again from the
        bars.
        """
        durable = any(event.kind != "advanced" for event in events)
        self._believe(self._journal.append(cause, events, durable=durable))

    def _believe(self, transaction: Transaction) -> None:
        self._history.add(transaction)
        for event in transaction.events:
            self._account = evolve(self._account, event)
