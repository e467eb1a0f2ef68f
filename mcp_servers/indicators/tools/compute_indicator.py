"""An indicator over columns of the caller's, whole."""

from typing import Annotated

import numpy as np
from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import Columns, columns_or_stored
from mcp_servers.indicators.knowing import stamped
from mcp_servers.toolkit import Call, Column, ToolResult, tool
from openoutcry.indicators.catalogue import with_params


class Computed(ToolResult):
    """Every output, as long as the data; null where there is no value yet."""

    indicator: str
    params: dict[str, float]
    needs: int
    result: Annotated[dict[str, Column], WithJsonSchema({"type": "object"})]


@tool(scope="ind:read", read_only=True)
async def compute_indicator(
    call: Call[IndicatorsDeps],
    name: Annotated[str, Field(description="Name in the catalogue", max_length=60, examples=["sma"])],
    data: Annotated[
        Columns,
        Field(description="The columns it needs, oldest first", examples=[{"close": [1.0, 2.0, 3.0]}]),
    ],
    params: Annotated[
        dict[str, float] | None, Field(description="Parameters by name; the rest take defaults")
    ] = None,
) -> Computed:
    """An indicator over your own columns, at every bar; calculate_indicator reads stored candles."""
    request = with_params(name, params or {})
    wanted = {f"data.{column}": getattr(data, column) for column in request.indicator.inputs}
    given = columns_or_stored(call, wanted, None, "1h")
    columns = {column.removeprefix("data."): values for column, values in given.columns.items()}
    return Computed(
        **stamped(call),
        indicator=request.indicator.name,
        params=dict(request.params),
        needs=request.bars,
        result={
            key: [None if np.isnan(x) else x for x in column.tolist()]
            for key, column in request.compute(columns).items()
        },
    )
