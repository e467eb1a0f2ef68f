"""Return series a tool is given: numbers in the call itself, or the name of a stored series."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from db.candles import Series
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.risk.returns import DAYS_PER_YEAR, Floats, periods_per_year, series, simple_returns
from openoutcry.types.timeframes import from_millis, last_close

MOST = 5000
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
ReturnsArg = Annotated[
    list[Number] | None,
    Field(
        description="Returns per period as fractions, oldest first; or name symbol and timeframe",
        max_length=MOST,
    ),
]
GivenSymbol = Annotated[
    str | None, Field(description="Trading pair, e.g. BTC/USDT, instead of numbers", max_length=40)
]
GivenTimeframe = Annotated[str, Field(description="Bar length of the stored series, e.g. 1d", max_length=10)]
BarsArg = Annotated[int, Field(description="Returns to take from the stored series", ge=2, le=MOST)]


@dataclass(frozen=True, slots=True)
class Given:
    """Returns and how many of them make a year. ``stale``: the stored series ends before the last closed
    bar.
    """

    returns: Floats
    periods: float
    stale: bool = False
    symbol: str | None = None
    timeframe: str | None = None


def returns_or_stored(
    call: Call[RiskDeps],
    returns: list[float] | None,
    symbol: str | None,
    timeframe: str,
    bars: int,
    *,
    least: int = 1,
) -> Given:
    """The argument ``returns``, or simple returns of a stored series' closes. Raises BadInput unless
    exactly one is given.
    """
    if returns is not None:
        if symbol is not None:
            raise BadInput("symbol: returns were given too; give one of the two", field="symbol")
        return Given(series(returns, field="returns", least=least), DAYS_PER_YEAR)
    if symbol is None:
        raise BadInput("returns: give returns, or symbol and timeframe", field="returns")
    named = Series(call.deps.exchange, symbol, timeframe)
    candles = stored(call, named, bars + 1)
    if len(candles) <= least:
        raise DataUnavailable(
            f"only {len(candles)} closed {named.timeframe} candles of {named.symbol} are stored"
        )
    newest = from_millis(int(candles.timestamp[-1]) + named.bar_ms)
    return Given(
        returns=simple_returns(candles.close),
        periods=periods_per_year(named.timeframe),
        stale=newest < last_close(call.as_of, named.timeframe),
        symbol=named.symbol,
        timeframe=named.timeframe,
    )


def stored(call: Call[RiskDeps], named: Series, bars: int) -> Candles:
    """The last ``bars`` bars closed at ``as_of``, fewer when fewer are stored."""
    return call.deps.reader.window(named, call.as_of, bars)
