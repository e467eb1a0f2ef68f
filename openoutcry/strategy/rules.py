"""The rules model: entry and exit rules over signals, a reward factor, and how it is executed.

One TRIGGER and one FILTER enter, nothing or one TRIGGER with at most one FILTER exits; ``relaxed`` lifts the number
of FILTERs. All rules of a part must hold at a bar. Stop and target are no rules: ``execution_config`` has them.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from openoutcry.canonical import digest
from openoutcry.signals.declare import Kind
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.naming import instrument
from openoutcry.strategy.reading import Reader
from openoutcry.strategy.strict import BadStrategy, Problem, Strict
from openoutcry.types.symbols import Symbol
from openoutcry.types.timeframes import SECONDS

Side = Literal["long", "short"]
StrategyType = Literal["trend_following", "momentum", "volatility", "breakout", "mean_reversion"]
SPELLED = {"1d": "1D"}
"""How the published rules spell a timeframe, where it is not our way."""


class Rule(Strict):
    """A signal that must hold. ``signal_type`` is what the strategy declares; ``params`` are complete."""

    name: str
    signal_type: Kind
    timeframe: str
    params: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """As the published rules write it."""
        return {
            "name": self.name,
            "signal_type": self.signal_type,
            "timeframe": SPELLED.get(self.timeframe, self.timeframe),
            "params": {name: _plain(value) for name, value in self.params.items()},
        }


class RuleStrategy(Strict):
    """A strategy that can run. ``name`` is a slug, ``title`` the name as it was given."""

    name: str
    title: str
    asset: str
    entry: tuple[Rule, ...]
    exit: tuple[Rule, ...]
    reward_factor: float
    execution_config: ExecutionConfig
    relaxed: bool
    side: Side
    description: str
    strategy_type: StrategyType | None
    created_at: datetime | None

    @property
    def symbol(self) -> Symbol:
        """The instrument it trades: a bare asset is traded against USDT, short on the perpetual."""
        return instrument(self.asset, self.side)

    @property
    def timeframe(self) -> str:
        """The finest timeframe of its rules: the bars it runs on."""
        return min((rule.timeframe for rule in (*self.entry, *self.exit)), key=SECONDS.__getitem__)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and worth knowing: declared types that are not the signals' own."""
        return tuple(
            f"{part}[{i}].signal_type: {rule.name} is declared {rule.signal_type}, the registry has it as {kind}"
            for part, rules in (("entry", self.entry), ("exit", self.exit))
            for i, rule in enumerate(rules)
            if (kind := REGISTRY[rule.name].kind) != rule.signal_type
        )

    def rules(self) -> dict[str, Any]:
        """The canonical rules, as they are echoed; ``relaxed`` and ``side`` only where they are not the usual."""
        plain: dict[str, Any] = {
            "name": self.name,
            "asset": self.asset,
            "entry": [rule.plain() for rule in self.entry],
            "exit": [rule.plain() for rule in self.exit],
            "reward_factor": self.reward_factor,
        }
        if self.relaxed:
            plain["relaxed"] = True
        if self.side == "short":
            plain["side"] = self.side
        return plain

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical rules without the name: the same rules under another name are the same."""
        return digest({key: value for key, value in self.rules().items() if key != "name"})


class Examined(NamedTuple):
    """A mapping that was read: the strategy, or all that is wrong with it."""

    strategy: RuleStrategy | None
    problems: tuple[Problem, ...]


def parse_strategy(mapping: object, defaults: TradingDefaults) -> RuleStrategy:
    """The strategy of a mapping. Raises BadStrategy with every problem; its ``field`` is the first one's."""
    strategy, problems = examine(mapping, defaults)
    if strategy is None:
        raise BadStrategy.of(problems)
    return strategy


def examine(mapping: object, defaults: TradingDefaults) -> Examined:
    """As ``parse_strategy``, with the problems as values."""
    reader = Reader(mapping, defaults)
    values = reader.values()
    if reader.problems:
        return Examined(None, tuple(reader.problems))
    return Examined(RuleStrategy(**values), ())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
