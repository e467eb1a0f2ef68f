"""Sessions' books at known prices, and several of them taken as one account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.errors import BadInput
from openoutcry.risk.exposure import Funds, funds
from openoutcry.risk.limits import LimitAmounts, LimitUse, limit_amounts, limit_uses
from openoutcry.risk.session_book import SessionBook
from openoutcry.risk.sizing import Room, room
from openoutcry.risk.standing import standings
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import WorkingOrder

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A session's book with a price for all it holds and its open orders. ``stale``: some price is an older one."""

    book: SessionBook
    prices: Mapping[str, Decimal]
    working: tuple[WorkingOrder, ...] = ()
    stale: bool = False

    @property
    def money(self) -> Funds:
        """Equity and free cash, as the gate counts them."""
        book = self.book
        held = standings(book.portfolio, self.working)
        return funds(book.portfolio, self.working, held, self.prices, book.settings)

    @property
    def uses(self) -> tuple[LimitUse, ...]:
        """What is used of each limit."""
        return limit_uses(self.book.portfolio, self.working, self.prices, self.book.settings)

    @property
    def amounts(self) -> LimitAmounts:
        """What the limits come to in money."""
        return limit_amounts(self.book.portfolio, self.money, self.book.settings)

    def room(self, symbol: str) -> Room:
        """What an order that adds to ``symbol`` may be worth."""
        held = standings(self.book.portfolio, self.working)
        return room(symbol, held, self.money, self.prices, self.book.settings)


def together(sessions: Sequence[Seen]) -> tuple[Portfolio, dict[str, Decimal]]:
    """The sessions' portfolios as one, and the prices of all. Positions are numbered anew, in the order given.

    Raises BadInput naming ``session_id`` when their money is not the same: it cannot be added up.
    """
    quotes = {seen.book.portfolio.quote_asset for seen in sessions}
    if len(quotes) != 1:
        raise BadInput(
            f"session_id: sessions hold {', '.join(sorted(quotes)) or 'nothing'}; name one of them",
            field="session_id",
        )
    books = [seen.book.portfolio for seen in sessions]
    positions = [position for book in books for position in book.positions]
    whole = books[0].model_copy(
        update={
            "initial_capital": sum((book.initial_capital for book in books), ZERO),
            "cash": sum((book.cash for book in books), ZERO),
            "realized_pnl": sum((book.realized_pnl for book in books), ZERO),
            "fees_paid": sum((book.fees_paid for book in books), ZERO),
            "peak_equity": sum((book.peak_equity for book in books), ZERO),
            "day_start_equity": sum((book.day_start_equity for book in books), ZERO),
            "trades": sum(book.trades for book in books),
            "wins": sum(book.wins for book in books),
            "losses": sum(book.losses for book in books),
            "positions": tuple(p.model_copy(update={"ordinal": n}) for n, p in enumerate(positions, 1)),
            "next_ordinal": len(positions) + 1,
        }
    )
    return whole, {symbol: price for seen in sessions for symbol, price in seen.prices.items()}
