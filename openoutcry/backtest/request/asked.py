"""Reading a client's body: which strategy is meant, over which period, with what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.request.bodies import MangroveBody, Ours, TradaiBody
from openoutcry.backtest.request.model import Shape
from openoutcry.backtest.request.period import Dates, period
from openoutcry.errors import BadInput
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.strict import BadStrategy, attempt

KEYS: Mapping[str, Shape] = {
    "strategy_config": "tradai", "strategy_json": "mangrove", "strategy_id": "mangrove",
}  # fmt: skip
"""Which body it is shows in how it names the strategy."""
MOST_JSON = 64 * 1024
EXECUTION = frozenset(ExecutionConfig.model_fields)
Body = TypeVar("Body", bound=Ours)


@dataclass(frozen=True, slots=True)
class Named:
    """A strategy to be looked up: by name or id, in a version (None: the newest), with parameters changed."""

    name: str
    version: str | None
    parameters: Mapping[str, Any]
    field: str


@dataclass(frozen=True, slots=True)
class Inline:
    """A strategy that the body brings along."""

    mapping: Mapping[str, Any]
    field: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A body, checked in itself; what it leaves open comes from the strategy and the defaults."""

    shape: Shape
    source: Named | Inline
    start: datetime
    end: datetime
    exchange: str
    symbols: tuple[str, ...]
    timeframe: str | None
    capital: float | None
    leverage: float
    execution: dict[str, Any]
    fee_pct: float | None
    slippage_pct: float | None
    fills: FillModel
    seed: int
    strict: bool
    body: dict[str, Any] = field(default_factory=dict)


def read(body: object, now: datetime) -> Asked:
    """What a body asks for. Raises BadInput naming the field that is wrong, missing or too much."""
    if not isinstance(body, Mapping):
        raise BadInput("body: must be a mapping of fields", field="body")
    given = {key: value for key, value in body.items() if value is not None}
    return _tradai(given, now) if _shape(given) == "tradai" else _mangrove(given, now)


def _shape(given: Mapping[str, Any]) -> Shape:
    named = [key for key in KEYS if key in given]
    if not named:
        raise BadInput(
            f"strategy_config: is missing; or give {' or '.join([*KEYS][1:])}", field="strategy_config"
        )
    if len(named) > 1:
        raise BadInput(f"{named[1]}: stands beside {named[0]}; give one of them", field=named[1])
    return KEYS[named[0]]


def _tradai(given: dict[str, Any], now: datetime) -> Asked:
    body = _read(TradaiBody, given)
    wanted = body.strategy_config
    version = wanted.version
    if body.strategy_version is not None and body.strategy_version != (version or body.strategy_version):
        raise BadInput("strategy_version: is not strategy_config.version", field="strategy_version")
    execution = dict(body.execution_config or {})
    if body.stake_amount is not None:
        execution |= {"position_size_calc": "all_in", "max_trade_amount": body.stake_amount}
    if body.stoploss is not None:
        execution |= {"stop_loss_calculation": "fixed", "stop_loss_pct": -body.stoploss}
    dates = Dates(body.date_range.start, body.date_range.end, None, "date_range.start", "date_range.end", "")
    start, end = period(dates, now)
    source = Named(wanted.name, version or body.strategy_version, wanted.parameters or {}, "strategy_config")
    symbols = tuple(body.symbols or ())
    return _asked(
        "tradai", source, (start, end), body, given, symbols=symbols, timeframe=body.timeframe, capital=body.capital,
        execution=execution, exchange="binance_futures",
    )  # fmt: skip


def _mangrove(given: dict[str, Any], now: datetime) -> Asked:
    if "strategy_json" in given:
        given["strategy_json"] = _strategy_json(given["strategy_json"])
    beside = {key: value for key, value in given.items() if key in EXECUTION}
    body = _read(MangroveBody, {key: value for key, value in given.items() if key not in EXECUTION})
    own = dict(body.execution_config or {})
    for key, value in beside.items():
        if key in own and own[key] != value:
            raise BadInput(f"{key}: is not execution_config.{key}", field=key)
    start, end = period(_mangrove_dates(body), now)
    source: Named | Inline
    if body.strategy_id is not None:
        source = Named(body.strategy_id, None, {}, "strategy_id")
    else:
        source = Inline(given["strategy_json"], "strategy_json")
    symbols = tuple(body.symbols or ([body.asset] if body.asset else ()))
    return _asked(
        "mangrove", source, (start, end), body, given, symbols=symbols, timeframe=body.interval, capital=None,
        execution=own | beside, exchange="binance",
    )  # fmt: skip


def _asked(
    shape: Shape,
    source: Named | Inline,
    dates: tuple[datetime, datetime],
    body: Ours,
    given: dict[str, Any],
    *,
    symbols: tuple[str, ...],
    timeframe: str | None,
    capital: float | None,
    execution: dict[str, Any],
    exchange: str,
) -> Asked:
    return Asked(
        shape, source, *dates, body.exchange or exchange, symbols, timeframe, capital, body.leverage or 1.0, execution,
        body.fee_pct, body.slippage_pct, body.fills or FillModel(), body.seed or 0, bool(body.strict), given,
    )  # fmt: skip


def _mangrove_dates(body: MangroveBody) -> Dates:
    for short, long in (("start", "start_date"), ("end", "end_date")):
        if getattr(body, short) is not None and getattr(body, long) is not None:
            raise BadInput(f"{long}: give {short} or {long}, not both", field=long)
    return Dates(
        body.start or body.start_date, body.end or body.end_date, body.lookback_months,
        "start_date" if body.start_date else "start", "end_date" if body.end_date else "end",
    )  # fmt: skip


def _strategy_json(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        if len(value) > MOST_JSON:
            raise BadInput(f"strategy_json: is longer than {MOST_JSON:,} characters", field="strategy_json")
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"strategy_json: is not valid JSON: {error}"[:300], field="strategy_json"
            ) from error
    if not isinstance(value, Mapping):
        raise BadInput("strategy_json: must be an object with the strategy's fields", field="strategy_json")
    return value


def _read(model: type[Body], given: Mapping[str, Any]) -> Body:
    found, problems = attempt(model, given, "", EXECUTION)
    if found is None:
        raise BadStrategy.of(problems)
    return found
