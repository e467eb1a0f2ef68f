"""The signal registry."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput
from openoutcry.signals.declare import Signal
from openoutcry.signals.registry import REGISTRY

Described = Annotated[list[dict[str, Any]], WithJsonSchema({"type": "array", "items": {"type": "object"}})]
CategoryArg = Annotated[
    str | None, Field(description="momentum, trend, volatility, volume, patterns, …", max_length=40)
]


class SignalList(ToolResult):
    """One page, by name; ``next_cursor`` asks for the next, null on the last."""

    total: int
    signals: Described
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def list_signals(
    call: Call[IndicatorsDeps],
    category: CategoryArg = None,
    type: Annotated[Literal["TRIGGER", "FILTER"] | None, Field(description="Event or lasting state")] = None,
    set: Annotated[Literal["core", "extended", "onchain"] | None, Field(description="Which set")] = None,
    query: Annotated[
        str | None, Field(description="Part of a name or of its description", max_length=60)
    ] = None,
    limit: Annotated[int, Field(description="How many a page", ge=1, le=100)] = 25,
    cursor: Annotated[str | None, Field(description="next_cursor of the page before", max_length=80)] = None,
) -> SignalList:
    """Signals with their type, parameters and ranges, by name."""
    found = sorted(name for name, signal in REGISTRY.items() if _wanted(signal, category, type, set, query))
    if category is not None and category not in {signal.category for signal in REGISTRY.values()}:
        known = ", ".join(sorted({signal.category for signal in REGISTRY.values()}))
        raise BadInput(f"category: {category!r} is none of {known}", field="category")
    if cursor is not None and cursor not in REGISTRY:
        raise BadInput("cursor: is not one this tool gave out", field="cursor")
    rest = [name for name in found if cursor is None or name > cursor]
    page = rest[:limit]
    return SignalList(
        as_of=call.as_of,
        source=call.source,
        total=len(found),
        signals=[described(REGISTRY[name]) for name in page],
        next_cursor=page[-1] if len(rest) > limit else None,
    )


def _wanted(
    signal: Signal, category: str | None, kind: str | None, group: str | None, query: str | None
) -> bool:
    text = f"{signal.name} {signal.summary}".lower()
    return (
        (category is None or signal.category == category)
        and (kind is None or signal.kind == kind)
        and (group is None or signal.set == group)
        and (query is None or query.strip().lower() in text)
    )


def described(signal: Signal) -> dict[str, Any]:
    """A signal as data: names, what it requires, and every parameter with its range and default."""
    return {
        "name": signal.name,
        "type": signal.kind,
        "category": signal.category,
        "set": signal.set,
        "summary": signal.summary,
        "requires": list(signal.requires),
        "params": {
            param.name: {
                key: value
                for key, value in {
                    "type": param.kind,
                    "min": param.low,
                    "max": param.high,
                    "default": list(param.default) if param.kind == "tuple" else param.default,
                    "choices": list(param.choices) or None,
                    "required": param.required,
                }.items()
                if value is not None
            }
            for param in signal.params
        },
    }
