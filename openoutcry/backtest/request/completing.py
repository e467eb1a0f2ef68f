"""From what was asked and the strategy that was meant to a request that leaves nothing open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from openoutcry.backtest.request.asked import Asked, Inline
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.request.parameters import with_parameters
from openoutcry.errors import BadInput
from openoutcry.strategy import definition
from openoutcry.strategy.defaults import TIMED, TradingDefaults
from openoutcry.strategy.definition import Definition
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.masks import fits
from openoutcry.strategy.naming import asset, instrument
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import parse_timeframe
from openoutcry.types.venues import FUTURES, perpetuals_only

EXCHANGE = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """The strategy that a name stands for, as the registry or a file has it."""

    body: Mapping[str, Any]
    version: str = ""
    strategy_id: UUID | None = None


def complete(
    asked: Asked,
    defaults: TradingDefaults,
    found: Found | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    traded: tuple[str, ...] = (),
) -> BacktestRequest:
    """The request. ``found`` is what ``asked.source`` names, None when it brings the strategy along.

    ``parameters`` change the strategy beside those of the body; ``traded`` are the symbols meant where neither the body
    nor the strategy names any. Raises BadInput (BadStrategy for the strategy's own
    problems) naming the field as the client spelled it.
    """
    _exchange(asked.exchange)
    strategy, own = _strategy(asked, defaults, found, parameters or {})
    rules = parse_strategy(strategy.body, defaults) if strategy.kind == "rules" else None
    config = _execution(asked, defaults, rules, own)
    symbols = _symbols(asked, rules, traded)
    timeframe = _timeframe(asked, strategy, rules)
    costs = defaults.backtest_defaults
    return BacktestRequest(
        shape=asked.shape,
        kind=strategy.kind,
        strategy=strategy.body,
        name=strategy.name,
        version=found.version if found else "",
        strategy_id=found.strategy_id if found else None,
        content_hash=strategy.content_hash,
        exchange=asked.exchange,
        symbols=symbols,
        timeframe=timeframe,
        start=asked.start,
        end=asked.end,
        capital=float(config.initial_balance),
        leverage=asked.leverage,
        execution_config=config,
        costs=Costs(
            fee_pct=costs.fee_pct if asked.fee_pct is None else asked.fee_pct,
            slippage_pct=costs.slippage_pct if asked.slippage_pct is None else asked.slippage_pct,
        ),
        fills=asked.fills,
        seed=asked.seed,
        strict=asked.strict,
        asked=asked.body,
    )


def _strategy(
    asked: Asked, defaults: TradingDefaults, found: Found | None, parameters: Mapping[str, Any]
) -> tuple[Definition, dict[str, Any]]:
    """The strategy, and the execution fields that were given among its parameters."""
    source, field = asked.source, "parameters"
    if isinstance(source, Inline):
        strategy = definition.read(source.mapping, defaults)
    else:
        assert found is not None, "a named strategy must be looked up first"
        strategy = definition.read(found.body, defaults)
        if source.parameters:
            parameters, field = {**source.parameters, **parameters}, f"{source.field}.parameters"
    if not parameters:
        return strategy, {}
    if strategy.kind == "code":
        body = {**strategy.body, "parameters": {**strategy.body.get("parameters", {}), **parameters}}
        return definition.read(body, defaults), {}
    body, execution = with_parameters(strategy.body, parameters, field)
    return definition.read(body, defaults), execution


def _execution(
    asked: Asked, defaults: TradingDefaults, rules: RuleStrategy | None, own: dict[str, Any]
) -> ExecutionConfig:
    base = (rules.execution_config if rules else defaults.execution()).model_dump(mode="json")
    given = {**own, **asked.execution}
    if asked.capital is not None:
        if given.get("initial_balance", asked.capital) != asked.capital:
            raise BadInput("capital: is not execution_config.initial_balance", field="capital")
        given["initial_balance"] = asked.capital
    longest = given.get("max_hold_bars")
    if isinstance(longest, int) and not isinstance(longest, bool):
        base |= {name: min(base[name], longest) for name in TIMED}
    return defaults.execution({**base, **given})


def _symbols(asked: Asked, rules: RuleStrategy | None, traded: tuple[str, ...]) -> tuple[str, ...]:
    field = "asset" if "asset" in asked.body else "symbols"
    if asked.symbols:
        found = [instrument(asset(text, field=field), "long") for text in asked.symbols]
    elif rules is not None:
        found = [rules.symbol]
    elif traded:
        found = [parse_symbol(text, field=field) for text in traded]
    else:
        raise BadInput("symbols: is missing; a code strategy names no asset", field="symbols")
    if perpetuals_only(asked.exchange):
        found = [symbol if symbol.settle else symbol.perpetual() for symbol in found]
    names = tuple(str(symbol) for symbol in found)
    if len(set(names)) != len(names):
        raise BadInput(f"{field}: names one twice", field=field)
    spot = next((symbol for symbol in found if symbol.kind == "spot"), None)
    if spot and asked.leverage > 1.0:
        raise BadInput(f"leverage: {spot} is spot, which has none; {spot.perpetual()} has", field="leverage")
    if spot and rules and rules.side == "short":
        raise BadInput(
            f"{field}: {spot} is spot and cannot be sold short; {spot.perpetual()} can", field=field
        )
    return names


def _exchange(name: str) -> None:
    if not EXCHANGE.fullmatch(name):
        raise BadInput(
            f"exchange: {name!r} is not a name such as binance or binance{FUTURES}", field="exchange"
        )


def _timeframe(asked: Asked, strategy: Definition, rules: RuleStrategy | None) -> str:
    field = "timeframe" if asked.shape == "tradai" else "interval"
    given = asked.timeframe or strategy.timeframe
    if given is None:
        raise BadInput(f"{field}: is missing, and the strategy names none", field=field)
    timeframe = parse_timeframe(given, field=field)
    if rules is not None:
        try:
            fits(rules, timeframe)
        except BadInput as error:
            raise BadInput(f"{field}: {error}", field=field) from error
    return timeframe
