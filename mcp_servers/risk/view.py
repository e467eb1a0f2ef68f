"""A session's book with a price for everything it holds, as one question sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from db.reads.sessions_seen import priced
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.hedging.exposures import AssetExposure, exposures
from openoutcry.portfolio import Marked, lost, mark
from openoutcry.risk.session_book import SessionBook
from openoutcry.types.amounts import cents
from openoutcry.types.symbols import canonical, parse_symbol


@dataclass(frozen=True, slots=True)
class View:
    """A book at known prices. ``stale``: some price is an older one, because the newest data were faulty
    or missing.
    """

    book: SessionBook
    prices: Mapping[str, Decimal]
    marked: Marked
    stale: bool

    @property
    def daily_loss(self) -> float:
        """Fraction of the day's first equity lost by now; negative after a gain."""
        return float(lost(self.book.portfolio.day_start_equity, self.marked.equity))

    def asset(self, symbol: str) -> AssetExposure:
        """Spot and perpetual of a symbol's asset; zeros when it is not held."""
        base = parse_symbol(symbol).base
        found = (e for e in exposures(self.book.portfolio, self.prices) if e.asset == base)
        return next(found, AssetExposure(base))

    def price(self, symbol: str) -> Decimal:
        """The symbol's price. Raises DataUnavailable."""
        if symbol not in self.prices:
            raise DataUnavailable(f"{symbol}: no price is known")
        return self.prices[symbol]


async def viewed(call: Call[RiskDeps], symbol: str | None = None, session_id: str | None = None) -> View:
    """The book of the round, or outside one of the session that trades ``symbol`` (or is named), with its
    prices.

    Raises BadInput, DataUnavailable.
    """
    wanted = None if symbol is None else canonical(symbol)
    if call.round is not None:
        book = await call.deps.books.of_round(call.round)
    else:
        book = await call.deps.books.latest(call.caller.org_id, wanted, _uuid(session_id))
    prices, stale = priced(call.deps.reader, book, call.as_of, [wanted] if wanted else ())
    return View(book, prices, mark(book.portfolio, prices), stale)


def money(value: Decimal) -> Decimal:
    """A figure rounded to the smallest unit the books keep."""
    return cents(value)


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise BadInput("session_id: must be a UUID", field="session_id") from None
