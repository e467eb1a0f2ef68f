"""The space that a preset searches when none is given: every rule's numbers and where stop and target lie."""

from openoutcry.backtest.search.dimension import Dimension
from openoutcry.backtest.search.space import Relation, Space
from openoutcry.errors import BadInput
from openoutcry.signals.declare import SignalParam
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.rules import RuleStrategy

STEPS = 20
"""About so many values for a whole number."""
FAST, SLOW = "window_fast", "window_slow"
STOPS = {"dynamic_atr": ("atr_volatility_factor", 50.0), "fixed": ("stop_loss_pct", 0.99)}
"""What moves the stop, and its upper bound."""


def usual_space(strategy: RuleStrategy) -> Space:
    """Each parameter from half to twice its value, within its range. Rules of the same signal and values move together.

    Raises BadInput naming ``vary`` for a strategy without a number in it.
    """
    paths: dict[tuple[str, str, object], list[str]] = {}
    for part, rules in (("entry", strategy.entry), ("exit", strategy.exit)):
        for place, rule in enumerate(rules):
            family = rule.name.removesuffix("_up").removesuffix("_down")
            for name, value in rule.params.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    paths.setdefault((family, name, value), []).append(f"{part}[{place}].params.{name}")
    signals = {
        rule.name.removesuffix("_up").removesuffix("_down"): rule.name
        for rule in (*strategy.entry, *strategy.exit)
    }
    found: dict[tuple[str, str, object], Dimension] = {}
    for (family, name, value), own in paths.items():
        param = next(param for param in REGISTRY[signals[family]].params if param.name == name)
        made = _around(tuple(own), param, value)
        if made is not None:
            found[family, name, value] = made
    relations = [
        Relation(fast.name, "<", slow.name)
        for (family, name, _), fast in found.items()
        for (other, longer, _), slow in found.items()
        if (name, longer) == (FAST, SLOW)
        and family == other
        and fast.name.partition(".")[0] == slow.name.partition(".")[0]
    ]
    dimensions = [*found.values(), *_levels(strategy)]
    if not dimensions:
        raise BadInput(f"vary: {strategy.name} has no number to vary", field="vary")
    return Space(tuple(dimensions), tuple(relations))


def _around(paths: tuple[str, ...], param: SignalParam, value: object) -> Dimension | None:
    assert isinstance(value, int | float)
    low, high = sorted((value / 2, value * 2))
    low, high = max(low, param.low or low), min(high, high if param.high is None else param.high)
    if param.kind == "int":
        least, most = max(round(low), 1), max(round(high), 1)
        return None if least >= most else Dimension(paths, least, most, max((most - least) // STEPS, 1))
    return None if low >= high else Dimension(paths, float(low), float(high))


def _levels(strategy: RuleStrategy) -> list[Dimension]:
    config = strategy.execution_config
    if config.stop_loss_calculation == "none":
        return []
    field, most = STOPS[config.stop_loss_calculation]
    now, reward = float(getattr(config, field)), config.reward_factor
    return [
        Dimension((f"execution_config.{field}",), now / 2, min(now * 2, most)),
        Dimension(("reward_factor",), max(0.9, reward / 2), min(10.0, reward * 2)),
    ]
