"""Reading series for tools: brought up to date, cut at ``as_of``, judged."""

from dataclasses import dataclass
from decimal import Decimal

from db.candles import FundingSeries, Series
from mcp_servers.market.deps import MarketDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.quality import Quality, examine
from openoutcry.types.amounts import cents
from openoutcry.types.market import Bar, Quote
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, from_millis

WINDOW = 256
DIGITS = 12
"""Decimals kept of a stored float price or volume."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The last bars of a series closed at ``as_of``, and what is wrong with them."""

    series: Series
    window: Candles
    quality: Quality

    @property
    def stale(self) -> bool:
        """True when the newest bar is too old or absent."""
        return any(fault.kind in ("stale", "missing") for fault in self.quality.faults)


async def judged(call: Call[MarketDeps], symbol: str, timeframe: str) -> Judged:
    """The window of a series as of the call. Raises BadSymbol, BadTimeframe or DataUnavailable."""
    series = Series(call.deps.exchange, symbol, timeframe)
    await call.deps.source.ensure(series, call.as_of)
    window = call.deps.reader.window(series, call.as_of, WINDOW)
    quality = examine(series.symbol, window, call.as_of, series.timeframe)
    if known := call.deps.source.faults(series):
        quality = Quality((*quality.faults, *known), quality.quotable)
    return Judged(series, window, quality)


async def priced(call: Call[MarketDeps], symbol: str) -> Judged:
    """The series a price is read from: the floor's timeframe, else the shortest stored. Raises DataUnavailable."""
    found = await judged(call, symbol, call.deps.timeframe)
    if not len(found.window):
        for timeframe in SECONDS:
            shorter = call.deps.reader.window(Series(call.deps.exchange, symbol, timeframe), call.as_of, 1)
            if len(shorter):
                return usable(await judged(call, symbol, timeframe))
    return usable(found)


def usable(found: Judged) -> Judged:
    """The same, if its last bar may be quoted. Raises DataUnavailable with the faults."""
    if not found.quality.quotable:
        faults = "; ".join(f"{fault.kind}: {fault.detail}" for fault in found.quality.faults)
        raise DataUnavailable(f"{found.series.symbol} {found.series.timeframe} has no usable bar: {faults}")
    return found


def quote(found: Judged) -> Quote | None:
    """The last bar as a price; None when it is not good enough to be one."""
    if not found.quality.quotable:
        return None
    bar = last_bar(found.window)
    return Quote(symbol=found.series.symbol, price=bar.close, bar=bar)


def last_bar(window: Candles) -> Bar:
    """The newest row of a window that may be quoted."""
    values = {name: exact(getattr(window, name)[-1]) for name in ("open", "high", "low", "close", "volume")}
    return Bar(opened_at=from_millis(int(window.timestamp[-1])), **values)


def exact(value: float) -> Decimal:
    """A stored float as the decimal its shortest form says."""
    return cents(Decimal(repr(float(value))), DIGITS)


async def funding_paid(call: Call[MarketDeps], symbol: str, limit: int = 1) -> FundingRates:
    """The last rates of the pair's perpetual paid at or before ``as_of``; empty when none is known."""
    series = FundingSeries(call.deps.exchange, str(parse_symbol(symbol).perpetual()))
    await call.deps.source.ensure_funding(series, call.as_of)
    return call.deps.reader.funding(series, call.as_of, limit)


def only_now(call: Call[MarketDeps], what: str) -> None:
    """Refuse inside a round what an exchange can only say of this moment, which is later than ``as_of``."""
    if call.round is not None:
        raise DataUnavailable(
            f"{what} is known of the present moment only, which is later than the round's as_of"
        )
