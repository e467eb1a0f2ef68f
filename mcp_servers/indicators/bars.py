"""Bars for signals and patterns, from the call or from the store."""

import numpy as np

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import Columns, Given, series_or_stored
from mcp_servers.toolkit import Call
from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import COLUMNS


def bars_of(
    call: Call[IndicatorsDeps],
    requires: tuple[str, ...],
    series: Columns | None,
    symbol: str | None,
    timeframe: str,
) -> tuple[Bars, Given]:
    """The bars, with the columns ``requires`` names and the close known; others are NaN in bars given by the caller.

    Raises BadInput for a missing column, DataUnavailable for a series that is not stored.
    """
    names = tuple(column.lower() for column in requires if column in COLUMNS.values())
    given = series_or_stored(
        call, series, (*names, *(() if "close" in names else ("close",))), symbol, timeframe
    )
    unknown = np.full(given.bars, np.nan)
    opened, high, low, close, volume = (
        given.columns.get(column.lower(), unknown) for column in COLUMNS.values()
    )
    stamps = np.array(given.timestamps, dtype=np.int64) if given.timestamps is not None else None
    return Bars(opened, high, low, close, volume, stamps), given
