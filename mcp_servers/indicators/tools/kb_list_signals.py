"""The signals by category and type, as short as can be."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, LimitArg, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput
from openoutcry.signals.registry import REGISTRY
from openoutcry.types.frozen import Frozen


class Named(Frozen):
    """A signal and what it says."""

    name: str
    category: str
    signal_type: Literal["TRIGGER", "FILTER"]
    summary: str


class KbSignals(ToolResult):
    """One page, by name; list_signals has the parameters."""

    total: int
    signals: list[Named]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_list_signals(
    call: Call[IndicatorsDeps],
    category: Annotated[
        str | None, Field(description="momentum, trend, volatility, volume, patterns, …", max_length=40)
    ] = None,
    signal_type: Annotated[
        Literal["TRIGGER", "FILTER"] | None, Field(description="Event or lasting state")
    ] = None,
    limit: LimitArg = 25,
    cursor: CursorArg = None,
) -> KbSignals:
    """Names of signals with a sentence each; list_signals describes their parameters."""
    groups = {signal.category for signal in REGISTRY.values()}
    if category is not None and category.lower() not in groups:
        raise BadInput(f"category: {category!r} is none of {', '.join(sorted(groups))}", field="category")
    found = [
        Named(name=name, category=one.category, signal_type=one.kind, summary=one.summary)
        for name, one in sorted(REGISTRY.items())
        if (category is None or one.category == category.lower()) and signal_type in (None, one.kind)
    ]
    shown, following = page(found, limit, cursor)
    return KbSignals(**stamped(call), total=len(found), signals=shown, next_cursor=following)
