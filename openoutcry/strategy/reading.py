"""Reading a strategy that was written by someone else: all its fields, everything that is wrong, nothing guessed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from openoutcry.errors import BadInput
from openoutcry.signals.registry import find
from openoutcry.strategy.composition import MOST_RULES, Part, composed
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.naming import asset, slug
from openoutcry.strategy.strict import Problem, bound, nearest, problem_of, shown
from openoutcry.types.timeframes import SECONDS, parse_timeframe

TYPES = ("trend_following", "momentum", "volatility", "breakout", "mean_reversion")
SIDES = ("long", "short")
FIELDS = (
    "name", "asset", "entry", "exit", "reward_factor", "execution_config", "relaxed", "side", "description",
    "strategy_type", "created_at",
)  # fmt: skip
RULE_FIELDS = ("name", "signal_type", "timeframe", "params", "parameters")
MOST_DESCRIPTION = 2_000
REWARD = (0.9, 10.0)

Value = TypeVar("Value")


class FieldReader(Protocol[Value]):  # type: ignore[misc]
    """Reads one value from outside. Raises BadInput naming ``field``."""

    def __call__(self, value: Any, /, *, field: str) -> Value: ...


class Reader:
    """Reads a mapping field by field. ``values`` are a RuleStrategy's once ``problems`` stays empty."""

    def __init__(self, mapping: object, defaults: TradingDefaults) -> None:
        self.defaults = defaults
        self.problems: list[Problem] = []
        self.given: Mapping[str, Any] = {}
        if not isinstance(mapping, Mapping):
            self._wrong("strategy", f"must be a mapping of fields, not {shown(mapping)}")
            return
        try:
            bound(mapping, "", whole="strategy")
        except BadInput as error:
            self.problems.append(problem_of(error))
        else:
            self.given = mapping

    def values(self) -> dict[str, Any]:
        """Every field. Call it once."""
        if self.problems:
            return {}
        self._unknown(self.given, FIELDS, "", "a strategy")
        relaxed = self._flag("relaxed")
        found = {
            "name": self._required("name", slug),
            "title": self.given.get("name"),
            "asset": self._required("asset", asset),
            "entry": self._rules("entry", relaxed),
            "exit": self._rules("exit", relaxed),
            **self._execution(),
            "relaxed": relaxed,
            "side": self._choice("side", SIDES, "long"),
            "description": self._description(),
            "strategy_type": self._choice("strategy_type", TYPES, None),
            "created_at": self._created_at(),
        }
        self._timeframes_fit(found)
        self._side_fits(found)
        return found

    def _wrong(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))

    def _read(self, reader: FieldReader[Value], value: object, field: str) -> Value | None:
        try:
            return reader(value, field=field)
        except BadInput as error:
            self.problems.append(problem_of(error))
            return None

    def _unknown(self, given: Mapping[str, Any], known: Sequence[str], prefix: str, what: str) -> None:
        for key in given:
            if key not in known:
                self._wrong(f"{prefix}{key}", f"{what} has no such field{nearest(key, known)}")

    def _required(self, field: str, reader: FieldReader[Value]) -> Value | None:
        if field in self.given:
            return self._read(reader, self.given[field], field)
        self._wrong(field, "is missing")
        return None

    def _flag(self, field: str) -> bool:
        value = self.given.get(field, False)
        if not isinstance(value, bool):
            self._wrong(field, f"must be true or false, not {shown(value)}")
        return value is True

    def _choice(self, field: str, choices: Sequence[str], default: str | None) -> str | None:
        value: str | None = self.given.get(field, default)
        if value is not None and value not in choices:
            self._wrong(field, f"must be one of {', '.join(choices)}, not {shown(value)}")
        return default if value is None else value

    def _description(self) -> str:
        text = self.given.get("description") or ""
        if not isinstance(text, str) or len(text) > MOST_DESCRIPTION:
            self._wrong("description", f"must be a text of at most {MOST_DESCRIPTION:,} characters")
        return str(text).strip()

    def _created_at(self) -> datetime | None:
        text = self.given.get("created_at")
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            self._wrong("created_at", f"must be an ISO 8601 time, not {shown(text)}")
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def _rules(self, part: Part, relaxed: bool) -> tuple[dict[str, Any], ...]:
        given = self.given.get(part, [] if part == "exit" else None)
        if given is None:
            self._wrong(part, "is missing" if part not in self.given else "must be a list of rules, not null")
            return ()
        if not isinstance(given, list | tuple):
            self._wrong(part, f"must be a list of rules, not {shown(given)}")
            return ()
        if len(given) > MOST_RULES:
            self._wrong(part, f"has {len(given)} rules; the most is {MOST_RULES}")
            return ()
        rules = [self._rule(rule, f"{part}[{i}]") for i, rule in enumerate(given)]
        if all(rule.get("signal_type") for rule in rules):
            self.problems += composed(part, [rule["signal_type"] for rule in rules], relaxed)
        return tuple(rules)

    def _rule(self, given: object, field: str) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            self._wrong(
                field, f"must be a mapping of name, signal_type, timeframe and params, not {shown(given)}"
            )
            return {}
        self._unknown(given, RULE_FIELDS, f"{field}.", "a rule")
        return {
            "name": self._part(given, field, "name", _signal_name),
            "signal_type": self._part(given, field, "signal_type", _signal_type),
            "timeframe": self._part(given, field, "timeframe", parse_timeframe),
            "params": self._params(given, field),
        }

    def _part(self, given: Mapping[str, Any], rule: str, name: str, reader: FieldReader[str]) -> str | None:
        field = f"{rule}.{name}"
        if name in given:
            return self._read(reader, given[name], field)
        self._wrong(field, "is missing")
        return None

    def _params(self, given: Mapping[str, Any], rule: str) -> dict[str, Any] | None:
        named = [name for name in ("params", "parameters") if name in given]
        if len(named) != 1:
            self._wrong(f"{rule}.params", "is given twice, also as `parameters`" if named else "is missing")
            return None
        field, value = f"{rule}.{named[0]}", given[named[0]]
        if not isinstance(value, Mapping):
            self._wrong(field, f"must be a mapping of parameters, not {shown(value)}")
            return None
        try:
            signal = find(_text(given.get("name"), field=field))
        except (
            BadInput
        ):  # told where the name is read; without a signal there is nothing to hold parameters to
            return None
        return self._read(signal.read, value, field)

    def _execution(self) -> dict[str, Any]:
        given = self.given.get("execution_config")
        config, problems = self.defaults.attempt(given, "execution_config")
        self.problems += problems
        factor = self.given.get("reward_factor")
        if factor is None:
            return {"execution_config": config, "reward_factor": config.reward_factor if config else None}
        reward = self._read(_reward, factor, "reward_factor")
        own = given.get("reward_factor") if isinstance(given, Mapping) else None
        if own is not None and reward is not None and own != reward:
            self._wrong("reward_factor", f"is {reward:g}, and execution_config.reward_factor is {shown(own)}")
        if config is not None and reward is not None:
            config = config.model_copy(update={"reward_factor": reward})
        return {"execution_config": config, "reward_factor": reward}

    def _timeframes_fit(self, found: Mapping[str, Any]) -> None:
        """Longer bars are made of the shortest: each length must be a multiple of it."""
        places = [
            (f"{part}[{i}].timeframe", rule["timeframe"])
            for part in ("entry", "exit")
            for i, rule in enumerate(found[part])
            if rule.get("timeframe")
        ]
        finest = min((SECONDS[timeframe] for _, timeframe in places), default=1)
        for field, timeframe in places:
            if SECONDS[timeframe] % finest:
                shortest = next(name for name, seconds in SECONDS.items() if seconds == finest)
                self._wrong(
                    field, f"{timeframe} is no multiple of {shortest}, the shortest timeframe of the rules"
                )

    def _side_fits(self, found: Mapping[str, Any]) -> None:
        traded = found["asset"]
        if found["side"] == "short" and traded and "/" in traded and ":" not in traded:
            perpetual = f"{traded}:{traded.partition('/')[2]}"
            self._wrong("side", f"short needs a perpetual: {traded} is spot, {perpetual} can be sold short")


def _text(value: object, *, field: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{field}: must be a text, not {shown(value)}", field=field)
    return value


def _signal_name(value: object, *, field: str) -> str:
    return find(_text(value, field=field), field=field).name


def _signal_type(value: object, *, field: str) -> str:
    kind = _text(value, field=field).strip().upper()
    if kind not in ("TRIGGER", "FILTER"):
        raise BadInput(f"{field}: must be TRIGGER or FILTER, not {shown(value)}", field=field)
    return kind


def _reward(value: object, *, field: str) -> float:
    low, high = REWARD
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadInput(f"{field}: must be a number from {low:g} to {high:g}, not {shown(value)}", field=field)
    return float(value)
