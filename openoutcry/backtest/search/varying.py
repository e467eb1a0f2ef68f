"""A strategy with other values at some of its paths, and whether a space fits the strategy at all."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from openoutcry.backtest.search.dimension import Dimension, Value
from openoutcry.backtest.search.space import Combination, Space
from openoutcry.errors import BadInput
from openoutcry.signals.declare import SignalParam
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.masks import warm_up
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.strategy.strict import nearest
from openoutcry.types.timeframes import SECONDS, parse_timeframe

RULE = re.compile(r"(entry|exit)\[(\d{1,3})\]\.(timeframe|params\.(\w+))", re.ASCII)
EXECUTION = re.compile(r"execution_config\.(\w+)", re.ASCII)
REWARD = ("reward_factor", "execution_config.reward_factor")
MOST_CONFIGS = 1_000
"""Execution configs that are remembered."""
NOT_VARIED = ("cooldown_config", "initial_balance")
PATHS = (
    "entry[0].params.NAME, exit[0].params.NAME, entry[0].timeframe, execution_config.NAME and reward_factor"
)


def mapping_of(strategy: RuleStrategy) -> dict[str, Any]:
    """A strategy as a mapping that reads back as the same, complete: nothing in it depends on the defaults."""
    config = strategy.execution_config.model_dump(mode="json")
    config.pop("reward_factor")
    about: dict[str, Any] = {"name": strategy.title, "description": strategy.description}
    if strategy.strategy_type:
        about["strategy_type"] = strategy.strategy_type
    rules = {key: value for key, value in strategy.rules().items() if key != "name"}
    return {**about, **rules, "execution_config": config}


def varied(base: Mapping[str, Any], settings: Mapping[str, Value]) -> dict[str, Any]:
    """``base`` (of ``mapping_of``) with each path of ``settings`` at its value. The paths must exist."""
    made = dict(base)
    for path, value in settings.items():
        if path in REWARD:
            made["reward_factor"] = value
        elif (found := EXECUTION.fullmatch(path)) is not None:
            made["execution_config"] = {**made["execution_config"], found[1]: value}
        else:
            found = RULE.fullmatch(path)
            assert found is not None
            part, place = found[1], int(found[2])
            rules = list(made[part])
            params = rules[place]["params"]
            changed = {"params": {**params, found[4]: value}} if found[4] else {"timeframe": value}
            rules[place] = {**rules[place], **changed}
            made[part] = rules
    return made


class Variants:
    """The strategy of each combination. What combinations have in common is read once: the strategy itself, and each execution
    config that comes up."""

    def __init__(self, base: Mapping[str, Any], space: Space, defaults: TradingDefaults) -> None:
        self._base, self._space, self._defaults = base, space, defaults
        self.strategy = parse_strategy(base, defaults)
        self._configs: dict[tuple[Value, ...], ExecutionConfig] = {}
        paths = [(path, one.name) for one in space.dimensions for path in one.paths]
        found = {path: RULE.fullmatch(path) for path, _ in paths}
        self._execution = [(path, name) for path, name in paths if found[path] is None]
        self._moves = [(_move(self.strategy, path, at), name) for path, name in paths if (at := found[path])]

    def of(self, values: Combination) -> RuleStrategy:
        """As reading the varied mapping from scratch. Raises BadInput when its values contradict each other."""
        if any(move.param is None for move, _ in self._moves):
            return parse_strategy(varied(self._base, self._space.settings(values)), self._defaults)
        changes: dict[str, Any] = {}
        params: dict[tuple[str, int], dict[str, Any]] = {}
        for move, name in self._moves:
            at = move.part, move.place
            if at not in params:
                params[at] = dict(getattr(self.strategy, move.part)[move.place].params)
            assert move.param is not None
            params[at][move.param.name] = move.param.read(values[name], field=move.path)
        for (part, place), changed in params.items():
            rules = list(changes.get(part, getattr(self.strategy, part)))
            rules[place] = rules[place].model_copy(update={"params": changed})
            changes[part] = tuple(rules)
        if self._execution:
            config = self._config({path: values[name] for path, name in self._execution})
            changes |= {"execution_config": config, "reward_factor": config.reward_factor}
        return self.strategy.model_copy(update=changes)

    def _config(self, settings: Mapping[str, Value]) -> ExecutionConfig:
        key = tuple(settings.values())
        if key not in self._configs:
            if len(self._configs) >= MOST_CONFIGS:
                self._configs.clear()
            self._configs[key] = parse_strategy(varied(self._base, settings), self._defaults).execution_config
        return self._configs[key]


class _Move(NamedTuple):
    """A rule's parameter that is varied; None when it is the rule's timeframe."""

    path: str
    part: str
    place: int
    param: SignalParam | None


def _move(strategy: RuleStrategy, path: str, found: "re.Match[str]") -> _Move:
    part, place, name = found[1], int(found[2]), found[4]
    signal = REGISTRY[getattr(strategy, part)[place].name]
    return _Move(path, part, place, next((param for param in signal.params if param.name == name), None))


def fits(space: Space, strategy: RuleStrategy) -> None:
    """Raises BadInput naming the path that the strategy does not have, or whose values it does not take."""
    named = [(path, dimension) for dimension in space.dimensions for path in dimension.paths]
    for path, dimension in named:
        _fits(path, dimension, strategy)
    if {path for path, _ in named} >= set(REWARD):
        raise BadInput(f"{REWARD[0]}: is {REWARD[1]} too; vary one of them", field=REWARD[0])


def _fits(path: str, dimension: Dimension, strategy: RuleStrategy) -> None:
    rule, execution = RULE.fullmatch(path), EXECUTION.fullmatch(path)
    if rule is not None:
        _fits_rule(path, rule, dimension, strategy)
    elif execution is not None or path in REWARD:
        name = execution[1] if execution else path
        if name not in ExecutionConfig.model_fields or name in NOT_VARIED:
            known = [known for known in ExecutionConfig.model_fields if known not in NOT_VARIED]
            raise BadInput(
                f"{path[:120]}: there is no such field to vary{nearest(name, known)}", field=path[:120]
            )
        info = ExecutionConfig.model_fields[name]
        taken: TypeAdapter[Any] = TypeAdapter(Annotated[info.annotation, info])  # type: ignore[arg-type]
        for value in dimension.extremes():
            try:
                taken.validate_python(value)
            except ValidationError as error:
                said = error.errors()[0]["msg"].replace("Input should be", "must be")
                raise BadInput(f"{path}: {value!r}: {said}", field=path) from error
    else:
        raise BadInput(f"{path[:120]!r} is no parameter; there are {PATHS}", field=path[:120])


def _fits_rule(path: str, rule: "re.Match[str]", dimension: Dimension, strategy: RuleStrategy) -> None:
    rules = strategy.entry if rule[1] == "entry" else strategy.exit
    if int(rule[2]) >= len(rules):
        has = f"{len(rules)} {rule[1]} rule{'' if len(rules) == 1 else 's'}"
        raise BadInput(f"{path}: there is no {rule[1]}[{rule[2]}]: {strategy.name} has {has}", field=path)
    named = rules[int(rule[2])].name
    if rule[3] == "timeframe":
        for value in dimension.extremes():
            parse_timeframe(value if isinstance(value, str) else "", field=path)
        return
    known = {param.name: param for param in REGISTRY[named].params}
    if rule[4] not in known:
        takes = ", ".join(known) or "no parameters"
        raise BadInput(f"{path}: {named} takes {takes}{nearest(rule[4], known)}", field=path)
    for value in dimension.extremes():
        known[rule[4]].read(value, field=path)


def longest_reach(strategy: RuleStrategy, space: Space, defaults: TradingDefaults, timeframe: str) -> int:
    """Bars of ``timeframe`` that the longest warm-up or hold in the space may span: what a purge must cover.

    Warm-up and hold grow with each parameter, so the extremes tell; those that contradict themselves are passed over.
    """
    variants, reach = Variants(mapping_of(strategy), space, defaults), 0
    lows = {one.name: one.extremes()[0] for one in space.dimensions}
    highs = {one.name: one.extremes()[-1] for one in space.dimensions}
    each = [{**lows, one.name: value} for one in space.dimensions for value in one.extremes()]
    for values in [lows, highs, *each]:
        try:
            found = variants.of(values)
        except BadInput:
            continue
        reach = max(reach, warm_up(found, timeframe), _longest_hold(found.execution_config, timeframe))
    return reach


def _longest_hold(config: ExecutionConfig, timeframe: str) -> int:
    if config.max_hold_time_hours is None:
        return config.max_hold_bars
    return min(config.max_hold_bars, math.ceil(config.max_hold_time_hours * 3600 / SECONDS[timeframe]))
