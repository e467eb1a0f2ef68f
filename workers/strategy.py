"""The strategy of a request as the kernel runs it."""

from importlib.metadata import entry_points
from pathlib import Path

from openoutcry.backtest.function import FunctionStrategy
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.errors import BadInput
from openoutcry.strategy.masks import warm_up
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.types.timeframes import SECONDS
from wire.strategies import ENTRY_POINTS, load_trading_defaults

Strategy = RuleStrategy | FunctionStrategy
DAY_S = SECONDS["1d"]


def loaded(request: BacktestRequest, home: Path) -> Strategy:
    """Rules read again, or the installed function that a code strategy names. Raises BadInput, BadStrategy."""
    if request.kind == "rules":
        return parse_strategy(request.strategy, load_trading_defaults(home))
    wanted = request.strategy["entry_point"]
    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if wanted not in points:
        raise BadInput(f"entry_point: no installed package has a strategy {wanted!r}", field="entry_point")
    try:
        function = points[wanted].load()
    except Exception as error:  # a stranger's module can fail in any way
        text = f"entry_point: {wanted} cannot be loaded: {type(error).__name__}: {error}"
        raise BadInput(text[:500], field="entry_point") from error
    return FunctionStrategy(request.name, function, request.strategy.get("parameters", {}))


def bars_needed(strategy: Strategy, request: BacktestRequest, *, daily: bool = False) -> int:
    """Bars before the first one that can be traded as it should be: what signals, stop and size look back over.

    With ``daily`` bars beside them they need not hold the days of the ATR.
    """
    config, bar_s = request.execution_config, SECONDS[request.timeframe]
    needed = warm_up(strategy, request.timeframe) if isinstance(strategy, RuleStrategy) else 0
    if config.stop_loss_calculation == "dynamic_atr":
        needed = max(needed, config.atr_period + 1)
        if config.atr_long_weight > 0 and not daily:
            needed = max(needed, -(-(config.atr_period + 2) * DAY_S // bar_s))
    if config.enable_volatility_adjustment:
        needed = max(needed, config.volatility_window + 1)
    return needed
