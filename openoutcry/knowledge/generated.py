"""Pages made from the code: every signal and every indicator, as the registry and the catalogue have them."""

from collections.abc import Iterator
from typing import Any

from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.indicators.spec import Indicator
from openoutcry.knowledge.document import Document, document
from openoutcry.knowledge.families import family
from openoutcry.signals.declare import Signal
from openoutcry.signals.registry import REGISTRY


def pages() -> Iterator[Document]:
    """One page of signals per category, and one of the indicators."""
    for category in sorted({signal.category for signal in REGISTRY.values()}):
        named = [signal for _, signal in sorted(REGISTRY.items()) if signal.category == category]
        text = f"# {category.capitalize()} signals\n\nThe {len(named)} {category} signals of the registry, by name.\n\n"
        text += "\n\n".join(_signal(signal) for signal in named)
        yield document(f"signals-{category}", text, tags=("generated", "signals", category))
    text = f"# Indicator catalogue\n\nThe {len(CATALOGUE)} indicators of the catalogue, by name.\n\n"
    text += "\n\n".join(_indicator(one) for _, one in sorted(CATALOGUE.items()))
    yield document("indicator-catalogue", text, tags=("generated", "indicators"))


def _signal(signal: Signal) -> str:
    kind = "an event" if signal.kind == "TRIGGER" else "a state"
    rows = [
        f"- `{param.name}`: {_value(param.default) if not param.required else 'required'}{_range(param.low, param.high)}"
        for param in signal.params
    ]
    needs = ", ".join(signal.requires) or "no columns"
    return "\n\n".join(
        [f"## {signal.name}", signal.summary, f"{signal.kind} ({kind}) over {needs}.", "\n".join(rows)]
    ).strip()


def _indicator(one: Indicator[Any]) -> str:
    rows = [
        f"- `{param.name}`: {_value(param.default)}{_range(param.low, param.high)}" for param in one.params
    ]
    told = f"{family(one).capitalize()}, of {', '.join(one.inputs)}; gives {', '.join(one.outputs)}."
    return "\n\n".join([f"## {one.name}", one.summary, told, "\n".join(rows)]).strip()


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f", {low:g} to {high:g}"
