"""One signal on bars."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.bars import bars_of
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, SeriesArg
from mcp_servers.indicators.reading import Reading, head
from mcp_servers.toolkit import Call, Stamps, tool
from openoutcry.signals.registry import find

Flags = Annotated[list[bool], WithJsonSchema({"type": "array"})]


class SignalReading(Reading):
    """``fired`` at the last bar; ``values`` of the last bars, oldest first; ``bars_since`` the newest true one."""

    name: str
    type: Literal["TRIGGER", "FILTER"]
    params: dict[str, Any]
    needs: int
    fired: bool
    bars_since: int | None
    values: Flags
    timestamps: Stamps | None


@tool(scope="ind:read", read_only=True)
async def evaluate_signal(
    call: Call[IndicatorsDeps],
    name: Annotated[str, Field(description="Name of the signal", max_length=80, examples=["rsi_cross_up"])],
    params: Annotated[
        dict[str, Any] | None, Field(description="Parameters by name; the rest take defaults")
    ] = None,
    series: SeriesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    last: Annotated[int, Field(description="How many of the newest bars", ge=1, le=1000)] = 1,
) -> SignalReading:
    """Whether a signal holds (FILTER) or happens (TRIGGER) at the last bars. Too little history is false."""
    signal = find(name)
    values = signal.read(params)
    needs = signal.needs(**values)
    bars, given = bars_of(call, signal.requires, series, symbol, timeframe)
    found = signal.evaluate(bars, values)
    true_at = np.flatnonzero(found)
    note = f"too little history: needs {needs} bars, there are {given.bars}" if given.bars < needs else None
    return SignalReading(
        **head(call, given, note),
        name=signal.name,
        type=signal.kind,
        params=values,
        needs=needs,
        fired=bool(found[-1]),
        bars_since=len(found) - 1 - int(true_at[-1]) if len(true_at) else None,
        values=found[-last:].tolist(),
        timestamps=given.timestamps[-last:] if given.timestamps is not None else None,
    )
