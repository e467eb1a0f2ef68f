"""The trading defaults: what ``config/trading_defaults.yaml`` must hold, the views of it, and configs made from it."""

from collections.abc import Mapping
from typing import Any

from openoutcry.errors import BadConfig, BadInput
from openoutcry.strategy.execution import (
    Costs,
    ExecutionConfig,
    PositionLimits,
    RiskManagement,
    TimeBasedExits,
    TradingRules,
    VolatilitySettings,
    by_timeframe,
)
from openoutcry.strategy.strict import (
    BadStrategy,
    Contradiction,
    Problem,
    Strict,
    attempt,
    bound,
    problem_of,
    shown,
)

SECTIONS = ("risk_management", "position_limits", "volatility_settings", "trading_rules", "time_based_exits")
"""The sections that make an ExecutionConfig, in the order of the flat view."""
TIMED = ("exit_on_loss_after_bars", "exit_on_profit_after_bars")


class SignalDefaults(Strict):
    """Defaults for signals: none, each signal declares its own."""


class TradingDefaults(Strict):
    """Every section; all values are required, so what runs is what the file says."""

    signal_defaults: SignalDefaults
    backtest_defaults: Costs
    risk_management: RiskManagement
    position_limits: PositionLimits
    volatility_settings: VolatilitySettings
    trading_rules: TradingRules
    time_based_exits: TimeBasedExits

    def nested(self) -> dict[str, Any]:
        """By section, as ``GET /config/trading-defaults``."""
        return self.model_dump(mode="json")

    def flat(self) -> dict[str, Any]:
        """The execution fields side by side, as ``GET /config/execution-defaults``."""
        sections = self.nested()
        return {key: value for section in SECTIONS for key, value in sections[section].items()}

    def execution(self, given: object = None, *, field: str = "execution_config") -> ExecutionConfig:
        """The defaults with a strategy's own values over them. Raises BadStrategy naming ``field.<name>``."""
        config, problems = self.attempt(given, field)
        if config is None:
            raise BadStrategy.of(problems)
        return config

    def attempt(
        self, given: object, field: str = "execution_config"
    ) -> tuple[ExecutionConfig | None, list[Problem]]:
        """As ``execution``, with everything that is wrong as values.

        ``cooldown_config`` is merged by timeframe. A time exit that is not given follows ``max_hold_bars`` down.
        """
        if given is None:
            given = {}
        if not isinstance(given, Mapping):
            return None, [Problem(field, f"must be a mapping of execution fields, not {shown(given)}")]
        try:
            bound(given, field)
            merged = self._over(given, field)
        except BadInput as error:
            return None, [problem_of(error)]
        return attempt(ExecutionConfig, merged, field)

    def _over(self, given: Mapping[str, Any], field: str) -> dict[str, Any]:
        merged = {**self.flat(), **given}
        if isinstance(own := given.get("cooldown_config"), Mapping):
            try:
                named = by_timeframe(own)
            except Contradiction as error:
                key = f"{field}.cooldown_config.{error.fields[0]}"
                raise Problem(key, str(error)).error() from error
            shipped = self.flat()["cooldown_config"]
            merged["cooldown_config"] = shipped | {
                name: {**shipped.get(name, {}), **entry} if isinstance(entry, Mapping) else entry
                for name, entry in named.items()
            }
        longest = given.get("max_hold_bars")
        if isinstance(longest, int | float) and not isinstance(longest, bool):
            merged |= {name: min(merged[name], longest) for name in TIMED if name not in given}
        return merged


def parse(mapping: object) -> TradingDefaults:
    """The defaults of a mapping. Raises BadConfig naming ``section.field``."""
    found, problems = attempt(TradingDefaults, mapping, "")
    if found is None:
        raise BadConfig(str(problems[0]), field=problems[0].field)
    return found
