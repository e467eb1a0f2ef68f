"""A signal as clients see it."""

from typing import Literal

from api.shapes.base import Shape
from api.shapes.described import Default
from openoutcry.signals.declare import Kind, Signal, SignalParam
from openoutcry.signals.leaning import Leaning, leaning


class Param(Shape, frozen=True, kw_only=True):
    """One parameter. ``optional`` ones have a ``default``; ``choices`` are those of a word."""

    type: Literal["int", "float", "str", "bool", "tuple"]
    min: float | None
    max: float | None
    optional: bool
    default: Default
    choices: list[str]


class Metadata(Shape, frozen=True, kw_only=True):
    """What a signal says of itself. ``requires`` are columns of candles, or data that a source must provide."""

    rule_name: str
    description: str
    requires: list[str]
    params: dict[str, Param]
    set: Literal["core", "extended", "onchain"]
    regime_direction: Leaning


class SignalItem(Shape, frozen=True, kw_only=True):
    """One signal; a TRIGGER is an event, a FILTER a state that lasts."""

    name: str
    category: str
    signal_type: Kind
    metadata: Metadata


class SignalList(Shape, frozen=True, kw_only=True):
    """A page of signals; ``filter`` is what was asked for."""

    success: bool
    signals: list[SignalItem]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_offset: int | None
    filter: dict[str, str | None]


class SearchList(SignalList, frozen=True, kw_only=True):
    """A page of what was found."""

    query: str
    search_type: str


class OneSignal(SignalItem, frozen=True, kw_only=True):
    """The signal twice: under ``signal`` and spread beside it."""

    success: bool
    signal: SignalItem


def item(signal: Signal) -> SignalItem:
    """A signal of the registry."""
    return SignalItem(
        name=signal.name,
        category=signal.category,
        signal_type=signal.kind,
        metadata=Metadata(
            rule_name=signal.name,
            description=signal.summary,
            requires=list(signal.requires),
            params={param.name: _param(param) for param in signal.params},
            set=signal.set,
            regime_direction=leaning(signal),
        ),
    )


def _param(param: SignalParam) -> Param:
    return Param(
        type=param.kind,
        min=param.low,
        max=param.high,
        optional=not param.required,
        default=param.default,
        choices=list(param.choices),
    )
