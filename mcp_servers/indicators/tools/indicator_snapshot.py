"""All the indicators one agent asks for, in one call."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.answers import missing_note, number
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.window import stored
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.indicators.catalogue import parse

Names = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(
        description='Indicators such as "rsi:14", "macd:12,26,9", "bbands:20,2", "obv"',
        min_length=1,
        max_length=40,
    ),
]
Readings = Annotated[dict[str, dict[str, float | None]], WithJsonSchema({"type": "object"})]
"""Declared as a bare object: clients validate results in pure Python, value by value."""


class IndicatorSnapshot(ToolResult):
    """Values at the last closed bar and at the bar before; ``notes`` says why one is null."""

    symbol: str
    timeframe: str
    bars: int
    close: float
    values: Readings
    previous: Readings
    notes: dict[str, str]


@tool(scope="ind:read", read_only=True)
async def indicator_snapshot(
    call: Call[IndicatorsDeps], symbol: SymbolArg, timeframe: TimeframeArg, names: Names
) -> IndicatorSnapshot:
    """Several indicators at the last closed bar and the bar before it, by name:parameters."""
    requests = {name: parse(name, field=f"names.{i}") for i, name in enumerate(names)}
    window = stored(call, symbol, timeframe)
    values, previous, notes = {}, {}, {}
    for name, request in requests.items():
        columns = request.compute(window.columns)
        values[name] = {output: number(column, -1) for output, column in columns.items()}
        previous[name] = {output: number(column, -2) for output, column in columns.items()}
        if None in values[name].values():
            notes[name] = missing_note(request, len(window))
    return IndicatorSnapshot(
        as_of=call.as_of,
        source=call.source,
        stale=window.stale,
        symbol=window.symbol,
        timeframe=window.timeframe,
        bars=len(window),
        close=float(window.columns["close"][-1]),
        values=values,
        previous=previous,
        notes=notes,
    )
