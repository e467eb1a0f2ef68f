"""What filling the store needs of an exchange: one series, asked for page by page, in order of time or not."""

from typing import Protocol, TypeVar

from db.candles.series import FundingSeries, Series
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.pages import Page

SETTLE_MS = 1000
"""A bar is taken as final this long after its close, as for live data."""
R = TypeVar("R", Candles, FundingRates)


class Feed(Protocol[R]):
    """One series at an exchange. Raises DataUnavailable, after patience, when there is no usable answer."""

    @property
    def series(self) -> Series | FundingSeries:
        """Whose rows these are."""
        ...

    @property
    def step_ms(self) -> int:
        """The time from one row to the next; for funding the longest there is."""
        ...

    @property
    def grain_ms(self) -> int:
        """How far after a row the next may be at the earliest."""
        ...

    @property
    def page_rows(self) -> int:
        """Most rows the exchange says it gives at once. Believed only as far as answers bear it out."""
        ...

    @property
    def takes_until(self) -> bool:
        """Whether it can be told where to end."""
        ...

    async def ask(self, since_ms: int, until_ms: int | None, rows: int) -> Page[R]:
        """Some of the closed rows at ``since_ms`` or later, perhaps others too; empty when it gave none."""
        ...

    async def next_day(self, after_ms: int, before_ms: int) -> int | None:
        """A time not later than the first row at or after ``after_ms``; None when none was found up to ``before_ms``.

        It may lie beyond ``before_ms``. ``after_ms`` itself when the exchange cannot tell.
        """
        ...


class History(Protocol):
    """An exchange's past (``mcp_servers.market.sources.history``)."""

    @property
    def exchange(self) -> str:
        """Its name."""
        ...

    async def now_ms(self) -> int:
        """The time up to which its bars are closed."""
        ...

    async def candles(self, series: Series) -> Feed[Candles]:
        """The candles of a series. Raises BadSymbol, BadTimeframe or DataUnavailable."""
        ...

    async def funding(self, series: FundingSeries) -> Feed[FundingRates]:
        """The funding rates of a perpetual. Raises BadSymbol or DataUnavailable."""
        ...
