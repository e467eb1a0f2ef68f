"""From the options of ``outcry sweep`` to a complete spec: every default filled in, everything checked before anything runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.search.candidates import as_method, drawn, grid
from openoutcry.backtest.search.forward import splits_of
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.presets import find_preset
from openoutcry.backtest.search.space import Space, read_space, space_file
from openoutcry.backtest.search.spec import Forward, SweepSpec
from openoutcry.backtest.search.usual import usual_space
from openoutcry.backtest.search.varying import fits, longest_reach, mapping_of
from openoutcry.errors import BadInput
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.masks import fits as fits_bars
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.types.symbols import canonical, parse_symbol
from openoutcry.types.timeframes import parse_timeframe
from wire.config import parse_when
from wire.document import read_document
from wire.strategies import load_strategy, load_trading_defaults
from workers.sweeping.market import stored_series

TRIALS = 200


@dataclass(frozen=True)
class Asked:
    """The options as they were given."""

    strategy: str
    symbol: str | None
    exchange: str
    timeframe: str | None
    start: str | None
    end: str | None
    vary: tuple[str, ...]
    where: tuple[str, ...]
    space: Path | None
    method: str | None
    trials: int | None
    preset: str | None
    objective: str
    min_trades: int
    seed: int
    walk_forward: int
    anchored: bool
    k_fold: int
    test_folds: int
    purge: int | None
    embargo: int
    fee: float | None
    slippage: float | None
    leverage: float | None


def spec_of(asked: Asked, home: Path) -> SweepSpec:
    """The spec. Raises BadInput naming the option or path, DataUnavailable when the candles are not stored."""
    defaults = load_trading_defaults(home)
    strategy = load_strategy(asked.strategy, home, defaults)
    read_objective(asked.objective, asked.min_trades)
    space = _space(asked, strategy)
    fits(space, strategy)
    method, trials = _size(asked, space)
    symbol = canonical(asked.symbol) if asked.symbol else str(strategy.symbol)
    timeframe = parse_timeframe(asked.timeframe) if asked.timeframe else strategy.timeframe
    fits_bars(strategy, timeframe)
    start, end = parse_when(asked.start, field="from"), parse_when(asked.end, field="to", end=True)
    series, market = stored_series(home, asked.exchange, symbol, timeframe, start, end)
    forward = _forward(asked, longest_reach(strategy, space, defaults, timeframe))
    splits_of(len(series), forward)
    vary, where = space.plain()
    return SweepSpec(
        strategy=mapping_of(strategy),
        market=market,
        costs=_costs(asked, defaults),
        fills=FillModel(),
        perpetual=_perpetual(asked, symbol, strategy),
        vary=vary,
        where=where,
        method=as_method(method),
        trials=trials,
        seed=asked.seed,
        objective=asked.objective,
        min_trades=asked.min_trades,
        forward=forward,
    )


def _space(asked: Asked, strategy: RuleStrategy) -> Space:
    if asked.space is not None:
        if asked.vary or asked.where:
            raise BadInput("space: give a file, or --vary and --where", field="space")
        return space_file(read_document(asked.space))
    if not asked.vary:
        if asked.preset is None:
            raise BadInput(
                "vary: say what to vary: --vary PATH=low:high:step, --space FILE, or a --preset", field="vary"
            )
        return usual_space(strategy)
    vary: dict[str, Any] = {}
    for text in asked.vary:
        path, sign, values = text.partition("=")
        if not sign or not path.strip():
            raise BadInput(f"vary: {text[:80]!r} is not PATH=values", field="vary")
        if path.strip() in vary:
            raise BadInput(f"{path.strip()}: is varied twice", field=path.strip())
        vary[path.strip()] = values
    return read_space(vary, asked.where)


def _size(asked: Asked, space: Space) -> tuple[str, int]:
    preset = None if asked.preset is None else find_preset(asked.preset)
    method = as_method(asked.method or ("tpe" if preset else "grid"))
    if method == "grid":
        if asked.trials is not None:
            raise BadInput(
                "trials: a grid runs all of its combinations; random and tpe take a number", field="trials"
            )
        return method, len(grid(space))
    trials = asked.trials or (preset.trials if preset else TRIALS)
    return method, len(drawn(space, trials, asked.seed)) if method == "random" else trials


def _forward(asked: Asked, reach: int) -> Forward:
    preset = None if asked.preset is None else find_preset(asked.preset)
    windows = asked.walk_forward or (preset.walk_forward if preset and not asked.k_fold else 0)
    if windows and asked.k_fold:
        raise BadInput("k_fold: choose --walk-forward or --k-fold", field="k_fold")
    if not windows and not asked.k_fold:
        return Forward()
    purge = reach if asked.purge is None else asked.purge
    if windows:
        return Forward(
            splitting="walk_forward",
            folds=windows,
            anchored=asked.anchored,
            purge=purge,
            embargo=asked.embargo,
        )
    return Forward(
        splitting="k_fold",
        folds=asked.k_fold,
        test_folds=asked.test_folds,
        purge=purge,
        embargo=asked.embargo,
    )


def _costs(asked: Asked, defaults: TradingDefaults) -> Costs:
    usual = defaults.backtest_defaults
    given = {"fee_pct": asked.fee, "slippage_pct": asked.slippage}
    for name, value in given.items():
        if value is not None and not 0.0 <= value <= 0.5:
            raise BadInput(f"{name}: must be a fraction from 0 to 0.5, not {value}", field=name)
    return usual.model_copy(update={name: value for name, value in given.items() if value is not None})


def _perpetual(asked: Asked, symbol: str, strategy: RuleStrategy) -> Perpetual | None:
    if parse_symbol(symbol).settle is None:
        if asked.leverage is not None:
            raise BadInput(f"leverage: {symbol} is spot; only a perpetual has leverage", field="leverage")
        if strategy.side == "short":
            raise BadInput(f"symbol: {strategy.name} sells short, which {symbol} cannot", field="symbol")
        return None
    leverage = asked.leverage or 1.0
    if not 1.0 <= leverage <= 125.0:
        raise BadInput(f"leverage: must be from 1 to 125, not {leverage}", field="leverage")
    return Perpetual(leverage=leverage)
