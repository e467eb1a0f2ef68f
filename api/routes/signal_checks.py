"""Trying signals: on candles of the caller's own, on the stored ones, and whether rules and parameters could be."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from litestar import get, post

from api.bodies import PLAIN, Body, read_body
from api.failures import Failure, invalid_body
from api.floor import TheFloor
from api.market import apart, home_of, meant, missing, now, series_of, window
from api.requests import AnyRequest
from api.routes.signals import CATEGORIES, SignalName, known
from api.shapes.base import Shape
from api.shapes.described import CandleRow, Params, Rule
from db.candles import CandleStore, Coverage, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.bands import LABELS
from openoutcry.market.candles import Candles
from openoutcry.signals.bars import Bars
from openoutcry.signals.behaviour import behaviour
from openoutcry.signals.leaning import LEANINGS
from openoutcry.signals.registry import REGISTRY, find
from openoutcry.types.timeframes import SECONDS, from_millis, parse_timeframe

MOST_ROWS = 5_000
MOST_BODY = 2 * 1024 * 1024
MOST_BARS = 10_000
LARGEST = 1e15
COLUMNS = ("open", "high", "low", "close", "volume")


class Trial(Body, frozen=True, kw_only=True):
    """Candles, oldest first: ``open``, ``high``, ``low``, ``close``, ``volume`` (any case), ``timestamp`` if you have it."""

    market_data: list[CandleRow]
    parameters: Params | None = None
    params: Params | None = None


class TrialResult(Shape, frozen=True, kw_only=True):
    """Whether the signal is true at the last bar; with too few bars it is not. ``error`` where it cannot be known."""

    success: bool
    result: bool | None
    error: str | None
    signal: str
    bars: int


class RuleCheck(Body, frozen=True, kw_only=True):
    """One rule, or a list of them under ``signals``: name, params, and optionally signal_type and timeframe."""

    name: str | None = None
    params: Params | None = None
    parameters: Params | None = None
    signal_type: str | None = None
    timeframe: str | None = None
    signals: list[Rule] | None = None


class Checked(Shape, frozen=True, kw_only=True):
    """Whether all could be in a strategy; ``warnings`` are allowed and worth knowing."""

    success: bool
    valid: bool
    errors: list[dict[str, str]]
    warnings: list[str]


class ParamsCheck(Body, frozen=True, kw_only=True):
    """Parameters of one signal."""

    params: Params | None = None
    parameters: Params | None = None


class ParamsChecked(Shape, frozen=True, kw_only=True):
    """``params`` are complete, their defaults filled in; null when they are not valid."""

    success: bool
    valid: bool
    errors: list[dict[str, str]]
    params: Params | None
    bars_needed: int | None


class Ask(Body, frozen=True, kw_only=True):
    """A signal on the stored candles of an asset."""

    name: str
    asset: str
    params: Params | None = None
    parameters: Params | None = None
    timeframe: str = "1h"
    bars: int = 2_000
    horizon_bars: int = 24


class Behaved(Shape, frozen=True, kw_only=True):
    """How often the signal was true, in how long runs, and what the close did ``horizon_bars`` after each run began."""

    success: bool
    signal: str
    symbol: str
    exchange: str
    timeframe: str
    params: Params
    bars: int
    true_bars: int
    share: float
    occurrences: int
    mean_run_bars: float | None
    first_at: datetime | None
    last_at: datetime | None
    horizon_bars: int
    measured: int
    mean_return: float | None
    median_return: float | None
    share_positive: float | None
    baseline_return: float | None


class Labels(Shape, frozen=True, kw_only=True):
    """The words signals are sorted by, and those of market segments."""

    success: bool
    labels: dict[str, list[str]]
    counts: dict[str, dict[str, int]]


class Dataset(Shape, frozen=True, kw_only=True):
    """Candles that are stored here and may be played with."""

    id: str
    asset: str
    exchange: str
    timeframe: str
    bars: int
    start: datetime
    end: datetime


class Datasets(Shape, frozen=True, kw_only=True):
    """Every stored series."""

    success: bool
    datasets: list[Dataset]
    total: int


@post(
    "/api/v1/signals/{name:str}/evaluate",
    tags=["signals"],
    body=Trial,
    example={"market_data": [{"close": 100.0}, {"close": 101.0}], "parameters": {"window": 2}},
    status_code=200,
    request_max_body_size=MOST_BODY,
)
async def evaluate(request: AnyRequest, name: SignalName) -> TrialResult:
    """Whether a signal is true at the last of your candles."""
    signal = known(name)
    trial = await read_body(request, Trial, PLAIN)
    field, params = _given(trial)
    params = signal.read(params, field=field)
    bars = bars_given(trial.market_data, signal.requires, "market_data")

    def work() -> bool:
        mask = signal.evaluate(bars, params)
        return bool(mask[-1]) if len(mask) else False

    try:
        result, error = await apart(work), None
    except DataUnavailable as fault:
        result, error = None, str(fault)
    return TrialResult(success=error is None, result=result, error=error, signal=signal.name, bars=len(bars))


@post(
    "/api/v1/signals/validate",
    tags=["signals"],
    body=RuleCheck,
    example={"name": "rsi_oversold", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 14}},
    status_code=200,
)
async def validate(request: AnyRequest) -> Checked:
    """Whether rules could be in a strategy: signals that exist, parameters within bounds, known timeframes."""
    body = await read_body(request, RuleCheck, PLAIN)
    rules, prefix = ([_rule(body)], "") if body.signals is None else (body.signals, "signals")
    if not 1 <= len(rules) <= 100:
        raise invalid_body("signals: 1 to 100 rules", "signals")
    errors: list[dict[str, str]] = []
    warnings: list[str] = []
    for index, rule in enumerate(rules):
        _check(rule, f"{prefix}[{index}]." if prefix else "", errors, warnings)
    return Checked(success=True, valid=not errors, errors=errors, warnings=warnings)


@post(
    "/api/v1/signals/{name:str}/validate-params",
    tags=["signals"],
    body=ParamsCheck,
    example={"params": {"window": 14}},
    status_code=200,
)
async def validate_params(request: AnyRequest, name: SignalName) -> ParamsChecked:
    """Whether a signal takes these parameters, and what they are with the defaults filled in."""
    signal = known(name)
    field, given = _given(await read_body(request, ParamsCheck, PLAIN))
    try:
        params = signal.read(given, field=field)
    except BadInput as error:
        return ParamsChecked(success=True, valid=False, errors=[_told(error)], params=None, bars_needed=None)
    needed = max(1, signal.needs(**params))
    return ParamsChecked(success=True, valid=True, errors=[], params=params, bars_needed=needed)


@post(
    "/api/v1/signals/behavior",
    tags=["signals"],
    errors=(404,),
    body=Ask,
    example={"name": "rsi_oversold", "asset": "BTC", "timeframe": "1h", "horizon_bars": 24},
    status_code=200,
)
async def behave(request: AnyRequest, floor: TheFloor) -> Behaved:
    """How a signal has behaved on the stored candles up to the floor's clock. The past promises nothing."""
    ask = await read_body(request, Ask, PLAIN)
    signal = find(ask.name)
    field, given = _given(ask)
    params, timeframe = signal.read(given, field=field), parse_timeframe(ask.timeframe)
    for name, low, high in (("bars", 10, MOST_BARS), ("horizon_bars", 1, 10_000)):
        if not low <= getattr(ask, name) <= high:
            raise invalid_body(f"{name} must be from {low} to {high}", name)
    series = meant(await series_of(floor), ask.asset)
    candles = await window(floor, series, timeframe, ask.bars, await now(floor))
    if not len(candles):
        raise missing(f"no {timeframe} bars of {series.symbol} are stored or can be made of stored ones")
    found = await apart(
        lambda: behaviour(signal.evaluate(Bars.of(candles), params), candles, ask.horizon_bars)
    )
    values = dataclasses.asdict(found)
    first, last = values.pop("first_ms"), values.pop("last_ms")
    return Behaved(
        success=True,
        signal=signal.name,
        symbol=series.symbol,
        exchange=series.exchange,
        timeframe=timeframe,
        params=params,
        first_at=None if first is None else from_millis(first),
        last_at=None if last is None else from_millis(last),
        **values,
    )


@get("/api/v1/signals/labels", tags=["signals"])
async def labels() -> Labels:
    """The words signals are sorted by, how many there are of each, and the labels of market segments."""
    signals = REGISTRY.values()
    return Labels(
        success=True,
        labels={
            "category": list(CATEGORIES),
            "signal_type": ["TRIGGER", "FILTER"],
            "set": ["core", "extended", "onchain"],
            "regime_direction": list(LEANINGS),
            "regime": list(LABELS),
        },
        counts={
            "category": {name: sum(one.category == name for one in signals) for name in CATEGORIES},
            "signal_type": {name: sum(one.kind == name for one in signals) for name in ("TRIGGER", "FILTER")},
        },
    )


@get("/api/v1/signals/playground-datasets", tags=["signals"])
async def datasets(floor: TheFloor) -> Datasets:
    """The candles that are stored here: what signals can be tried on."""
    stored = await series_of(floor)

    def work() -> list[tuple[Series, Coverage]]:
        store = CandleStore(home_of(floor))
        return [(series, store.coverage(series)) for series in stored]

    found = [
        Dataset(
            id=f"{series.exchange}:{series.symbol}:{series.timeframe}",
            asset=series.symbol,
            exchange=series.exchange,
            timeframe=series.timeframe,
            bars=covered.rows,
            start=covered.first,
            end=covered.last,
        )
        for series, covered in await apart(work)
    ]
    return Datasets(success=True, datasets=found, total=len(found))


def _given(body: Any) -> tuple[str, dict[str, Any]]:
    """The parameters under either name they may come by. Raises Failure 400 for both."""
    if body.params is not None and body.parameters is not None:
        raise invalid_body("params and parameters are the same thing: send one", "params")
    return (
        ("params", body.params)
        if body.parameters is None and body.params
        else ("parameters", body.parameters or {})
    )


def _rule(body: RuleCheck) -> dict[str, Any]:
    if body.name is None:
        raise Failure(400, "Missing required fields: name", code="MISSING_FIELD", field="name")
    fields = ("name", "params", "parameters", "signal_type", "timeframe")
    return {field: getattr(body, field) for field in fields if getattr(body, field) is not None}


def _check(rule: Mapping[str, Any], prefix: str, errors: list[dict[str, str]], warnings: list[str]) -> None:
    for key in rule:
        if key not in ("name", "params", "parameters", "signal_type", "timeframe"):
            errors.append({"field": f"{prefix}{key}", "message": f"{prefix}{key}: a rule has no such field"})
    name, kind, timeframe = rule.get("name"), rule.get("signal_type"), rule.get("timeframe")
    if timeframe is not None:
        try:
            parse_timeframe(timeframe, field=f"{prefix}timeframe")
        except BadInput as error:
            errors.append(_told(error))
    if kind is not None and str(kind).upper() not in ("TRIGGER", "FILTER"):
        errors.append({"field": f"{prefix}signal_type", "message": f"{prefix}signal_type: TRIGGER or FILTER"})
    if not isinstance(name, str):
        errors.append({"field": f"{prefix}name", "message": f"{prefix}name: must be a signal's name"})
        return
    given = rule.get("params", rule.get("parameters", {}))
    try:
        signal = find(name, field=f"{prefix}name")
        if not isinstance(given, Mapping):
            raise BadInput(f"{prefix}params: must be a mapping of parameters", field=f"{prefix}params")
        signal.read(given, field=f"{prefix}params")
    except BadInput as error:
        errors.append(_told(error))
        return
    if kind is not None and str(kind).upper() != signal.kind:
        warnings.append(
            f"{prefix}signal_type: {signal.name} is declared {kind}, the registry has it as {signal.kind}"
        )


def _told(error: BadInput) -> dict[str, str]:
    return {"field": error.field or "", "message": str(error)}


def bars_given(rows: list[dict[str, Any]], requires: tuple[str, ...], field: str) -> Bars:
    """The caller's candles as columns. Raises Failure 400 naming the row that is none."""
    if not 1 <= len(rows) <= MOST_ROWS:
        raise invalid_body(f"{field}: 1 to {MOST_ROWS} candles", field)
    columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
    needed = {name.lower() for name in requires} & set(COLUMNS)
    for index, row in enumerate(rows):
        values = {str(key).lower(): value for key, value in row.items()}
        for name in COLUMNS:
            columns[name].append(_number(values.get(name), f"{field}[{index}].{name}", name in needed))
    arrays = [np.array(columns[name], dtype=np.float64) for name in COLUMNS]
    stamps = np.arange(len(rows), dtype=np.int64) * SECONDS["1h"] * 1000
    return Bars.of(Candles.of(stamps, *arrays))


def _number(value: Any, field: str, needed: bool) -> float:
    if value is None and not needed:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise invalid_body(f"{field}: must be a number from 0 to {LARGEST:g}", field)
    return float(value)


HANDLERS = [evaluate, validate, validate_params, behave, labels, datasets]
