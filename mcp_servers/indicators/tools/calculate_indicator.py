"""Any indicator of the catalogue."""

from typing import Annotated

import numpy as np
from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.answers import missing_note
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, SeriesArg, series_or_stored
from mcp_servers.indicators.reading import Reading, head
from mcp_servers.toolkit import Call, Column, Stamps, tool
from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import Request, parse, with_params


class IndicatorValues(Reading):
    """The last values of every output, oldest first; ``needs`` is how many bars the first value takes."""

    name: str
    params: dict[str, float]
    needs: int
    timestamps: Stamps | None
    outputs: Annotated[dict[str, Column], WithJsonSchema({"type": "object"})]


@tool(scope="ind:read", read_only=True)
async def calculate_indicator(
    call: Call[IndicatorsDeps],
    name: Annotated[
        str, Field(description='Name in the catalogue, e.g. "keltner" or "keltner:20,10,2"', max_length=60)
    ],
    params: Annotated[
        dict[str, float] | None, Field(description="Parameters by name; the rest take defaults")
    ] = None,
    series: SeriesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    last: Annotated[int, Field(description="How many of the newest values", ge=1, le=1000)] = 1,
) -> IndicatorValues:
    """Any indicator of the catalogue by name, over your own columns or a stored series."""
    request = _request(name, params)
    given = series_or_stored(call, series, request.indicator.inputs, symbol, timeframe)
    outputs = {key: column[-last:] for key, column in request.compute(given.columns).items()}
    empty = [key for key, column in outputs.items() if np.isnan(column[-1])]
    note = f"{', '.join(empty)}: {missing_note(request, given.bars)}" if empty else None
    return IndicatorValues(
        **head(call, given, note),
        name=request.indicator.name,
        params=dict(request.params),
        needs=request.bars,
        timestamps=given.timestamps[-last:] if given.timestamps is not None else None,
        outputs={
            key: [None if np.isnan(x) else x for x in column.tolist()] for key, column in outputs.items()
        },
    )


def _request(name: str, params: dict[str, float] | None) -> Request:
    if not params:
        return parse(name)
    if ":" in name:
        raise BadInput("params: the name carries parameters already; give them once", field="params")
    return with_params(name, params)
