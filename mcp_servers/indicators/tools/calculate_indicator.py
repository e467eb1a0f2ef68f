"""Any indicator of the catalogue."""

from typing import Annotated

import numpy as np
from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.answers import missing_note
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import LIMIT, Given, GivenSymbol, GivenTimeframe, Price, columns_or_stored
from mcp_servers.indicators.reading import Reading
from mcp_servers.toolkit import Call, Column, Stamps, tool
from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import Request, parse, with_params
from openoutcry.types.frozen import Frozen

Prices = Annotated[list[Price] | None, Field(min_length=1, max_length=LIMIT)]
Volumes = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None, Field(min_length=1, max_length=LIMIT)
]


class SeriesArg(Frozen):
    """Columns of one series, oldest bar first, all of one length; those the indicator needs."""

    open: Prices = None
    high: Prices = None
    low: Prices = None
    close: Prices = None
    volume: Volumes = None


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
    series: Annotated[
        SeriesArg | None, Field(description="Your own columns instead of a stored series")
    ] = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    last: Annotated[int, Field(description="How many of the newest values", ge=1, le=1000)] = 1,
) -> IndicatorValues:
    """Any indicator of the catalogue by name, over your own columns or a stored series."""
    request = _request(name, params)
    given = columns_or_stored(call, _columns(series, request), symbol, timeframe)
    outputs = {key: column[-last:] for key, column in request.compute(given.columns).items()}
    empty = [key for key, column in outputs.items() if np.isnan(column[-1])]
    return IndicatorValues(
        as_of=call.as_of,
        source=call.source,
        stale=given.stale,
        symbol=given.symbol,
        timeframe=given.timeframe,
        bars=given.bars,
        note=f"{', '.join(empty)}: {missing_note(request, given.bars)}" if empty else None,
        name=request.indicator.name,
        params=dict(request.params),
        needs=request.bars,
        timestamps=_stamps(given, last),
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


def _columns(series: SeriesArg | None, request: Request) -> dict[str, list[float] | None]:
    """The columns this indicator takes, by name; others are no use to it."""
    return {name: getattr(series, name) if series else None for name in request.indicator.inputs}


def _stamps(given: Given, last: int) -> list[int] | None:
    return given.timestamps[-last:] if given.timestamps is not None else None
