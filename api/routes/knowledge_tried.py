"""``/api/signals``, ``/api/indicators``, ``/api/evaluate``, ``/api/compute``: the registry and the catalogue, and trying them."""

from typing import Annotated, Any

import numpy as np
from litestar import get, post
from litestar.params import PathParameter

from api.bodies import PLAIN, Body, read_body
from api.failures import Failure, invalid_body
from api.market import apart
from api.params import one_of, read_choice
from api.requests import AnyRequest
from api.routes.signal_checks import MOST_BODY, MOST_ROWS, bars_given
from api.routes.signals import CATEGORIES, known
from api.shapes.base import Shape
from api.shapes.described import CandleRow, ParamBounds, Params
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.indicators.catalogue import CATALOGUE, with_params
from openoutcry.indicators.catalogue import find as find_indicator
from openoutcry.indicators.spec import Indicator
from openoutcry.knowledge.families import family
from openoutcry.signals.declare import Kind, Signal
from openoutcry.signals.registry import REGISTRY, find

KINDS = ("TRIGGER", "FILTER")

LARGEST = 1e15


class SignalEntry(Shape, frozen=True, kw_only=True):
    """A signal: a TRIGGER is an event, a FILTER a state."""

    name: str
    category: str
    signal_type: Kind
    description: str
    params: dict[str, ParamBounds]
    requires: list[str]


class SignalEntries(Shape, frozen=True, kw_only=True):
    """Signals by name."""

    signals: list[SignalEntry]
    total: int


class IndicatorEntry(Shape, frozen=True, kw_only=True):
    """An indicator; ``inputs`` are the columns it needs, ``bars`` how many the first value of its defaults takes."""

    name: str
    category: str
    description: str
    params: dict[str, ParamBounds]
    inputs: list[str]
    outputs: list[str]
    bars: int


class IndicatorEntries(Shape, frozen=True, kw_only=True):
    """Indicators by name."""

    indicators: list[IndicatorEntry]
    total: int


class SignalTrial(Body, frozen=True, kw_only=True):
    """A signal and candles, oldest first: ``open``, ``high``, ``low``, ``close``, ``volume`` (any case)."""

    name: str
    ohlcv: list[CandleRow]
    params: Params | None = None


class Calculation(Body, frozen=True, kw_only=True):
    """An indicator and its columns, oldest first, all of one length."""

    name: str
    data: dict[str, list[float]]
    params: Params | None = None


class Tried(Shape, frozen=True, kw_only=True):
    """Whether the signal is true at the last bar; null with the ``error`` where it cannot be known."""

    signal: str
    result: bool | None
    bars: int
    error: str | None


class Calculated(Shape, frozen=True, kw_only=True):
    """Every output of the indicator, as long as the data; null where there is no value yet."""

    indicator: str
    result: dict[str, list[float | None]]
    params: Params
    bars_needed: int


Category = Annotated[str | None, one_of(CATEGORIES)]


@get("/api/signals", public=True, tags=["knowledge"])
async def signals(
    category: Category = None,
    signal_type: Annotated[str | None, one_of(KINDS)] = None,
) -> SignalEntries:
    """Every signal of the registry, by name."""
    group = read_choice(category, "category", CATEGORIES)
    kind = read_choice(signal_type, "signal_type", KINDS)
    found = [
        _signal(one)
        for _, one in sorted(REGISTRY.items())
        if group in (None, one.category) and kind in (None, one.kind)
    ]
    return SignalEntries(signals=found, total=len(found))


@get("/api/signals/{name:str}", public=True, tags=["knowledge"])
async def signal(name: Annotated[str, PathParameter(description="The signal's name.")]) -> SignalEntry:
    """One signal."""
    return _signal(known(name))


@get("/api/indicators", public=True, tags=["knowledge"])
async def indicators(category: Category = None) -> IndicatorEntries:
    """Every indicator of the catalogue, by name."""
    group = read_choice(category, "category", CATEGORIES)
    found = [_indicator(one) for _, one in sorted(CATALOGUE.items())]
    kept = [one for one in found if group in (None, one.category)]
    return IndicatorEntries(indicators=kept, total=len(kept))


@get("/api/indicators/{name:str}", public=True, tags=["knowledge"])
async def indicator(
    name: Annotated[str, PathParameter(description="The indicator's name.")],
) -> IndicatorEntry:
    """One indicator."""
    try:
        return _indicator(find_indicator(name))
    except BadInput as error:
        raise Failure(404, "indicator not found", details=str(error)[:300], name=name[:100]) from error


@post(
    "/api/evaluate", tags=["knowledge"], body=SignalTrial, status_code=200, request_max_body_size=MOST_BODY,
    example={"name": "rsi_oversold", "ohlcv": [{"close": 100.0}, {"close": 99.0}], "params": {"window": 2}},
)  # fmt: skip
async def evaluate(request: AnyRequest) -> Tried:
    """Whether a signal is true at the last of your candles. Unlike reading, this needs a key."""
    trial = await read_body(request, SignalTrial, PLAIN)
    one = find(trial.name)
    params = one.read(trial.params or {}, field="params")
    bars = bars_given(trial.ohlcv, one.requires, "ohlcv")

    def work() -> bool:
        mask = one.evaluate(bars, params)
        return bool(mask[-1]) if len(mask) else False

    try:
        return Tried(signal=one.name, result=await apart(work), bars=len(bars), error=None)
    except DataUnavailable as fault:
        return Tried(signal=one.name, result=None, bars=len(bars), error=str(fault))


@post(
    "/api/compute", tags=["knowledge"], body=Calculation, status_code=200, request_max_body_size=MOST_BODY,
    example={"name": "sma", "data": {"close": [1.0, 2.0, 3.0]}, "params": {"window": 2}},
)  # fmt: skip
async def compute(request: AnyRequest) -> Calculated:
    """An indicator over your own columns. Unlike reading, this needs a key."""
    asked = await read_body(request, Calculation, PLAIN)
    wanted = with_params(asked.name, asked.params or {})
    columns = _columns(asked.data, wanted.indicator.inputs)
    found = await apart(lambda: wanted.compute(columns))
    return Calculated(
        indicator=wanted.indicator.name,
        result={
            name: [float(x) if np.isfinite(x) else None for x in values] for name, values in found.items()
        },
        params=dict(wanted.params),
        bars_needed=wanted.bars,
    )


def _columns(data: dict[str, list[float]], inputs: tuple[str, ...]) -> dict[str, Any]:
    given = {name.lower(): values for name, values in data.items()}
    length: int | None = None
    for name in inputs:
        if name not in given:
            raise invalid_body(f"data.{name}: is missing; it needs {', '.join(inputs)}", f"data.{name}")
        length = len(given[name]) if length is None else length
        if not 1 <= len(given[name]) <= MOST_ROWS or len(given[name]) != length:
            raise invalid_body(
                f"data.{name}: 1 to {MOST_ROWS:,} numbers, as many as the others", f"data.{name}"
            )
        if not all(abs(value) <= LARGEST for value in given[name]):
            raise invalid_body(f"data.{name}: numbers up to {LARGEST:g}", f"data.{name}")
    return {name: np.array(given[name], dtype=np.float64) for name in inputs}


def _signal(one: Signal) -> SignalEntry:
    return SignalEntry(
        name=one.name,
        category=one.category,
        signal_type=one.kind,
        description=one.summary,
        params={
            param.name: {
                "type": param.kind, "min": param.low, "max": param.high, "optional": not param.required,
                "default": param.default,
            }
            for param in one.params
        },
        requires=list(one.requires),
    )  # fmt: skip


def _indicator(one: Indicator[Any]) -> IndicatorEntry:
    return IndicatorEntry(
        name=one.name,
        category=family(one),
        description=one.summary,
        params={
            param.name: {"type": param.kind, "min": param.low, "max": param.high, "default": param.default}
            for param in one.params
        },
        inputs=list(one.inputs),
        outputs=list(one.outputs),
        bars=one.bars(**one.defaults()),
    )


HANDLERS = [signals, signal, indicators, indicator, evaluate, compute]
