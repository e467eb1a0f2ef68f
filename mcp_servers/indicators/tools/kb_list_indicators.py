"""The indicators of the catalogue."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, LimitArg, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.knowledge.families import FAMILIES, family
from openoutcry.types.frozen import Frozen


class Catalogued(Frozen):
    """An indicator: what it reads, what it gives, and its parameters at their defaults."""

    name: str
    category: str
    summary: str
    inputs: list[str]
    outputs: list[str]
    params: dict[str, float]


class KbIndicators(ToolResult):
    """One page, by name."""

    total: int
    indicators: list[Catalogued]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_list_indicators(
    call: Call[IndicatorsDeps],
    category: Annotated[
        str | None, Field(description="momentum, patterns, trend, volatility or volume", max_length=40)
    ] = None,
    limit: LimitArg = 20,
    cursor: CursorArg = None,
) -> KbIndicators:
    """Indicators of the catalogue; calculate_indicator computes any of them."""
    if category is not None and category.lower() not in FAMILIES.values():
        known = ", ".join(sorted(set(FAMILIES.values())))
        raise BadInput(f"category: {category!r} is none of {known}", field="category")
    found = [
        Catalogued(
            name=name,
            category=family(one),
            summary=one.summary,
            inputs=list(one.inputs),
            outputs=list(one.outputs),
            params=one.defaults(),
        )
        for name, one in sorted(CATALOGUE.items())
        if category is None or family(one) == category.lower()
    ]
    shown, following = page(found, limit, cursor)
    return KbIndicators(**stamped(call), total=len(found), indicators=shown, next_cursor=following)
