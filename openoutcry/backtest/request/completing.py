"""From what was asked and the strategy that was meant to a request that leaves nothing open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from openoutcry.backtest.request.asked import Asked, Inline, Named
from openoutcry.backtest.request.model import FUTURES, BacktestRequest
from openoutcry.backtest.request.parameters import with_parameters
from openoutcry.errors import BadInput
from openoutcry.strategy import definition
from openoutcry.strategy.defaults import TIMED, TradingDefaults
from openoutcry.strategy.definition import Definition
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.masks import fits
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.types.symbols import Symbol, parse_symbol
from openoutcry.types.timeframes import parse_timeframe


@dataclass(frozen=True, slots=True)
class Found:
    """The strategy that a name stands for, as the registry or a file has it."""

    body: Mapping[str, Any]
    version: str = ""
    strategy_id: UUID | None = None


def complete(asked: Asked, defaults: TradingDefaults, found: Found | None = None) -> BacktestRequest:
    """The request. ``found`` is what ``asked.source`` names, None when it brings the strategy along.

    Raises BadInput (BadStrategy for the strategy's own problems) naming the field as the client spelled it.
    """
    strategy, own = _strategy(asked, defaults, found)
    rules = parse_strategy(strategy.body, defaults) if strategy.kind == "rules" else None
    config = _execution(asked, defaults, rules, own)
    symbols = _symbols(asked, rules)
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
    asked: Asked, defaults: TradingDefaults, found: Found | None
) -> tuple[Definition, dict[str, Any]]:
    """The strategy, and the execution fields that were given among its parameters."""
    source = asked.source
    if isinstance(source, Inline):
        return definition.read(source.mapping, defaults), {}
    assert found is not None, "a named strategy must be looked up first"
    strategy = definition.read(found.body, defaults)
    if not source.parameters:
        return strategy, {}
    if strategy.kind == "code":
        body = {**strategy.body, "parameters": {**strategy.body.get("parameters", {}), **source.parameters}}
        return definition.read(body, defaults), {}
    body, execution = with_parameters(strategy.body, source.parameters, f"{source.field}.parameters")
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


def _symbols(asked: Asked, rules: RuleStrategy | None) -> tuple[str, ...]:
    futures = asked.exchange.endswith(FUTURES)
    if asked.symbols:
        found = [_symbol(text, futures, number) for number, text in enumerate(asked.symbols)]
    elif rules is None:
        raise BadInput("symbols: is missing; a code strategy names no asset", field="symbols")
    else:
        found = [rules.symbol.perpetual() if futures else rules.symbol]
    names = tuple(str(symbol) for symbol in found)
    field = "symbols" if len(names) > 1 or asked.shape == "tradai" else "asset"
    if len(set(names)) != len(names):
        raise BadInput("symbols: names one twice", field="symbols")
    if asked.leverage > 1.0 and (spot := next((one for one in found if one.kind == "spot"), None)):
        raise BadInput(f"leverage: {spot} is spot, which has none; {spot.perpetual()} has", field="leverage")
    if rules and rules.side == "short" and (spot := next((one for one in found if one.kind == "spot"), None)):
        raise BadInput(
            f"{field}: {spot} is spot and cannot be sold short; {spot.perpetual()} can", field=field
        )
    return names


def _symbol(text: str, futures: bool, number: int) -> Symbol:
    plain = (
        f"{text}/USDT" if text.isalnum() and len(text) <= 6 and not text.upper().endswith("USDT") else text
    )
    symbol = parse_symbol(plain, field=f"symbols[{number}]")
    return symbol.perpetual() if futures and symbol.settle is None else symbol


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


def named(asked: Asked) -> Named | None:
    """What has to be looked up before ``complete``; None when the strategy came along."""
    return asked.source if isinstance(asked.source, Named) else None
