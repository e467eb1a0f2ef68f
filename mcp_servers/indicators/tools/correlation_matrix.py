"""How alike several symbols move."""

from functools import reduce
from typing import Annotated

import numpy as np
from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.window import WINDOW, stored
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.risk.correlation import correlation_matrix as matrix_of
from openoutcry.risk.returns import log_returns

Symbols = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(
        description="Trading pairs, 2 to 12",
        min_length=2,
        max_length=12,
        examples=[["BTC/USDT", "BTC/USDT:USDT"]],
    ),
]


class Correlations(ToolResult):
    """Pearson correlations of log returns over the bars all symbols share, rows and columns in ``symbols``' order."""

    symbols: list[str]
    timeframe: str
    bars: int
    matrix: list[list[float | None]]


@tool(scope="ind:read", read_only=True)
async def correlation_matrix(
    call: Call[IndicatorsDeps],
    symbols: Symbols,
    timeframe: Annotated[str, Field(description="Bar length of the stored series", max_length=10)] = "1h",
    last: Annotated[int, Field(description="How many of the newest shared bars", ge=3, le=WINDOW)] = 168,
) -> Correlations:
    """Correlation of every pair of symbols, from closed bars; null where one of the two does not move."""
    windows = [stored(call, symbol, timeframe) for symbol in symbols]
    names = [window.symbol for window in windows]
    if len(set(names)) < len(names):
        raise BadInput("symbols: one is named twice", field="symbols")
    shared = reduce(np.intersect1d, [np.array(window.timestamps) for window in windows])[-last:]
    if len(shared) < 3:
        raise DataUnavailable(
            f"{', '.join(names)} share {len(shared)} bars of {windows[0].timeframe}; 3 are needed"
        )
    closes = [window.columns["close"][np.isin(window.timestamps, shared)] for window in windows]
    returns = [log_returns(close) for close in closes]
    return Correlations(
        as_of=call.as_of,
        source=call.source,
        stale=any(window.stale for window in windows),
        symbols=names,
        timeframe=windows[0].timeframe,
        bars=len(shared),
        matrix=[list(row) for row in matrix_of(returns)],
    )
