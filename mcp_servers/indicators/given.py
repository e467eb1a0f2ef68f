"""Series a tool is given: numbers in the call itself, or the name of a stored series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.window import stored
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput
from openoutcry.indicators.line import Array
from openoutcry.types.frozen import Frozen

LIMIT = 5000
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PricesArg = Annotated[
    list[Price] | None,
    Field(
        description="Prices, oldest first; or leave out and name symbol and timeframe",
        min_length=1,
        max_length=LIMIT,
    ),
]
GivenSymbol = Annotated[
    str | None, Field(description="Trading pair, e.g. BTC/USDT, instead of prices", max_length=40)
]
GivenTimeframe = Annotated[str, Field(description="Bar length of the stored series, e.g. 1h", max_length=10)]


Prices = Annotated[list[Price] | None, Field(min_length=1, max_length=LIMIT)]
Volumes = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None, Field(min_length=1, max_length=LIMIT)
]


class Columns(Frozen):
    """Columns of one series, oldest bar first, all of one length."""

    open: Prices = None
    high: Prices = None
    low: Prices = None
    close: Prices = None
    volume: Volumes = None


SeriesArg = Annotated[Columns | None, Field(description="Your own columns instead of a stored series")]


@dataclass(frozen=True, slots=True)
class Given:
    """Columns to compute on, oldest bar first. ``timestamps`` are known for stored series only."""

    columns: dict[str, Array]
    bars: int
    stale: bool = False
    symbol: str | None = None
    timeframe: str | None = None
    timestamps: list[int] | None = None


def prices_or_stored(
    call: Call[IndicatorsDeps], prices: list[float] | None, symbol: str | None, timeframe: str
) -> Given:
    """The argument ``prices`` as closes, or the stored series. Raises BadInput unless it is exactly one."""
    given = columns_or_stored(call, {"prices": prices}, symbol, timeframe)
    if prices is None:
        return given
    return Given({"close": given.columns["prices"]}, given.bars)


def series_or_stored(
    call: Call[IndicatorsDeps],
    series: Columns | None,
    names: Sequence[str],
    symbol: str | None,
    timeframe: str,
) -> Given:
    """These columns of the argument ``series``, or the stored series. Raises BadInput unless it is exactly one."""
    numbers = {f"series.{name}": getattr(series, name) if series else None for name in names}
    given = columns_or_stored(call, numbers, symbol, timeframe)
    return replace(
        given, columns={name.removeprefix("series."): column for name, column in given.columns.items()}
    )


def columns_or_stored(
    call: Call[IndicatorsDeps], numbers: dict[str, list[float] | None], symbol: str | None, timeframe: str
) -> Given:
    """All the columns given, by name, or the stored series. Raises BadInput unless it is exactly one."""
    present = {name: column for name, column in numbers.items() if column is not None}
    first = next(iter(numbers))
    if not present:
        if symbol is None:
            raise BadInput(f"{first}: give {' '.join(numbers)}, or symbol and timeframe", field=first)
        window = stored(call, symbol, timeframe)
        return Given(
            window.columns, len(window), window.stale, window.symbol, window.timeframe, window.timestamps
        )
    if symbol is not None:
        raise BadInput("symbol: numbers were given too; give one of the two", field="symbol")
    for name in numbers:
        if name not in present:
            raise BadInput(f"{name}: is missing beside {', '.join(present)}", field=name)
        if len(present[name]) != len(present[first]):
            raise BadInput(
                f"{name}: has {len(present[name])} values, {first} has {len(present[first])}", field=name
            )
    columns = {name: np.array(column, dtype=np.float64) for name, column in present.items()}
    return Given(columns, len(present[first]))
