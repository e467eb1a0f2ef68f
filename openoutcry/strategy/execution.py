"""How a strategy's signals become positions: every field of ``execution_config``, declared once.

The sections are those of ``config/trading_defaults.yaml``, which holds the values; ``ExecutionConfig`` is all of
them side by side. Names ending in ``_pct`` are fractions: 0.05 is 5 %. Amounts are in the quote currency.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from openoutcry.errors import BadTimeframe
from openoutcry.strategy.strict import Contradiction, Strict
from openoutcry.types.timeframes import SECONDS, parse_timeframe

Status = Literal["tunable", "guardrail", "gated", "unused", "superseded"]
LARGE = 1e15


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def by_timeframe(value: Any) -> Any:
    """A mapping by canonical timeframes; anything else as it is. Raises Contradiction naming the key."""
    if not isinstance(value, Mapping):
        return value
    out: dict[str, Any] = {}
    for key, entry in value.items():
        try:
            name = parse_timeframe(key)
        except BadTimeframe as error:
            raise Contradiction(str(error).removeprefix("timeframe: "), str(key)) from error
        if name in out:
            raise Contradiction(f"{name} is given twice", str(key))
        out[name] = entry
    return out


Whole = Annotated[int, BeforeValidator(_whole)]


def knob(status: Status, meaning: str, *, gate: tuple[str, Any] | None = None, **bounds: Any) -> Any:
    """A field with what its reference says: its status, its meaning, and the field that switches it on."""
    extra: dict[str, Any] = {"status": status}
    if gate is not None:
        extra |= {"gate_field": gate[0], "gate_required": gate[1]}
    return Field(description=meaning, json_schema_extra=extra, **bounds)


ATR_STOP = ("stop_loss_calculation", "dynamic_atr")
VOLATILITY_ON = ("enable_volatility_adjustment", True)


class Costs(Strict):
    """What a backtest pays on each fill, as fractions of it."""

    slippage_pct: float = Field(
        ge=0.0, le=0.5, description="Largest slippage of a fill; drawn from the run's seed."
    )
    fee_pct: float = Field(ge=0.0, le=0.5, description="Fee of a fill, a fraction of its notional.")


class Cooldown(Strict):
    """Pause of entries after a run of losses: this many closed at a loss within the window block for its length."""

    short_loss_limit: Whole = Field(ge=1, le=10_000)
    long_loss_limit: Whole = Field(ge=1, le=10_000)
    short_window_bars: Whole = Field(ge=1, le=10_000_000)
    long_window_bars: Whole = Field(ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _in_order(self) -> "Cooldown":
        for short, long in (
            ("short_loss_limit", "long_loss_limit"),
            ("short_window_bars", "long_window_bars"),
        ):
            low, high = getattr(self, short), getattr(self, long)
            if low > high:
                raise Contradiction(f"{short} {low} is above {long} {high}", short, long)
        return self


class RiskManagement(Strict):
    """Where the stop and the target lie, and how large a position is."""

    max_risk_per_trade: float = knob(
        "tunable", "Fraction of the account that is lost when the stop is hit; sets the size.", gt=0.0, le=1.0
    )
    reward_factor: float = knob(
        "tunable", "Distance of the target over the distance of the stop.", ge=0.9, le=10.0
    )
    position_size_calc: Literal["v2", "all_in"] = knob(
        "tunable", "v2: account × max_risk_per_trade / distance of the stop; all_in: what the free cash buys."
    )
    stop_loss_calculation: Literal["dynamic_atr", "fixed", "none"] = knob(
        "tunable",
        "dynamic_atr: the stop lies atr_volatility_factor × ATR from the entry; fixed: stop_loss_pct from it;"
        " none: neither stop nor target.",
    )
    atr_period: Whole = knob("gated", "Bars the ATR looks back.", gate=ATR_STOP, ge=2, le=500)
    atr_volatility_factor: float = knob(
        "gated", "ATRs between the entry and the stop.", gate=ATR_STOP, gt=0.0, le=50.0
    )
    atr_short_weight: float = knob(
        "gated", "Weight of the ATR of the strategy's own bars.", gate=ATR_STOP, ge=0.0, le=1.0
    )
    atr_long_weight: float = knob(
        "gated", "Weight of the ATR of daily bars. The weights add up to 1.", gate=ATR_STOP, ge=0.0, le=1.0
    )
    atr_cap_multiplier: float = knob(
        "gated",
        "The blend is at most this many ATRs of the strategy's own bars.",
        gate=ATR_STOP,
        gt=0.0,
        le=100.0,
    )

    @model_validator(mode="after")
    def _size_can_be_told(self) -> "RiskManagement":
        if self.stop_loss_calculation == "none" and self.position_size_calc == "v2":
            names = ("stop_loss_calculation", "position_size_calc")
            raise Contradiction(
                "none leaves position_size_calc v2 no distance to size by; use all_in", *names
            )
        return self

    @model_validator(mode="after")
    def _weights_add_up(self) -> "RiskManagement":
        total = self.atr_short_weight + self.atr_long_weight
        if abs(total - 1.0) > 1e-9:
            raise Contradiction(
                f"atr_short_weight {self.atr_short_weight:g} and atr_long_weight {self.atr_long_weight:g}"
                f" must add up to 1, not {total:g}; give both",
                "atr_short_weight",
                "atr_long_weight",
            )
        return self


class PositionLimits(Strict):
    """How much may be traded, and how often."""

    initial_balance: float = knob("guardrail", "Cash a backtest begins with.", gt=0.0, le=LARGE)
    min_balance_threshold: float = knob(
        "guardrail", "No entry while cash is below this fraction of initial_balance.", ge=0.0, le=1.0
    )
    min_trade_amount: float = knob("guardrail", "No entry of a smaller notional.", ge=0.0, le=LARGE)
    max_open_positions: Whole = knob("tunable", "Positions open at one time.", ge=1, le=1_000)
    max_trades_per_day: Whole = knob("guardrail", "Entries in one UTC day.", ge=1, le=100_000)
    max_units_per_trade: float = knob(
        "guardrail", "Largest size of a position, in base units.", gt=0.0, le=LARGE
    )
    max_trade_amount: float = knob(
        "guardrail", "Largest notional of a position; a larger one is cut.", gt=0.0, le=LARGE
    )

    @model_validator(mode="after")
    def _can_trade(self) -> "PositionLimits":
        for limit in ("max_trade_amount", "initial_balance"):
            if self.min_trade_amount > getattr(self, limit):
                raise Contradiction(
                    f"min_trade_amount {self.min_trade_amount:g} is above {limit} {getattr(self, limit):g}",
                    "min_trade_amount",
                    limit,
                )
        return self


class VolatilitySettings(Strict):
    """Smaller positions in wilder markets: size × min(1, target / measured volatility)."""

    volatility_window: Whole = knob(
        "gated", "Bars over which volatility is measured.", gate=VOLATILITY_ON, ge=2, le=10_000
    )
    target_volatility: float = knob(
        "gated", "Volatility over that window at which size is not cut.", gate=VOLATILITY_ON, gt=0.0, le=10.0
    )
    volatility_mode: Literal["stddev", "atr"] = knob(
        "gated",
        "stddev: deviation (ddof 1) of the window's returns × √window; atr: mean true range over close × √window.",
        gate=VOLATILITY_ON,
    )
    enable_volatility_adjustment: bool = knob("tunable", "Whether size is cut by volatility.")


class TradingRules(Strict):
    """Pauses between trades."""

    max_hold_time_hours: float | None = knob(
        "tunable", "Longest time a position is held, in hours; null for no such limit.", gt=0.0, le=100_000.0
    )
    cooldown_bars: Whole = knob(
        "tunable", "Bars from the last entry or exit to the next entry.", ge=0, le=10_000_000
    )
    daily_momentum_limit: Whole = knob(
        "superseded",
        "Losses in one day that block entries for a day, for timeframes cooldown_config does not name.",
        ge=1,
        le=10_000,
    )
    weekly_momentum_limit: Whole = knob(
        "superseded",
        "Losses in a week that block entries for a week, for timeframes cooldown_config does not name.",
        ge=1,
        le=10_000,
    )
    cooldown_config: Annotated[dict[str, Cooldown], BeforeValidator(by_timeframe)] = knob(
        "guardrail",
        "By timeframe: so many losses within a window of bars block entries for as many bars; a short and a long one.",
        max_length=len(SECONDS),
    )

    @model_validator(mode="after")
    def _momentum_in_order(self) -> "TradingRules":
        day, week = self.daily_momentum_limit, self.weekly_momentum_limit
        if day > week:
            names = ("daily_momentum_limit", "weekly_momentum_limit")
            raise Contradiction(f"daily_momentum_limit {day} is above weekly_momentum_limit {week}", *names)
        return self


class TimeBasedExits(Strict):
    """Positions that are closed for their age."""

    max_hold_bars: Whole = knob(
        "tunable", "Every position is closed after so many bars.", ge=1, le=10_000_000
    )
    exit_on_loss_after_bars: Whole = knob(
        "tunable", "A position at a loss is closed after so many bars.", ge=1, le=10_000_000
    )
    exit_on_profit_after_bars: Whole = knob(
        "tunable",
        "A position at a profit of profit_threshold_pct is closed after so many bars.",
        ge=1,
        le=10_000_000,
    )
    profit_threshold_pct: float = knob(
        "tunable", "Profit that counts for that, a fraction.", ge=0.0, le=100.0
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> "TimeBasedExits":
        for exit in ("exit_on_loss_after_bars", "exit_on_profit_after_bars"):
            bars = getattr(self, exit)
            if bars > self.max_hold_bars:
                raise Contradiction(
                    f"{exit} {bars} is above max_hold_bars {self.max_hold_bars}", exit, "max_hold_bars"
                )
        return self


# Fields stand in the order of the bases from last to first.
class ExecutionConfig(TimeBasedExits, TradingRules, VolatilitySettings, PositionLimits, RiskManagement):
    """Every execution parameter of a strategy. The last three are ours: the published defaults do not have them."""

    stop_loss_pct: float = knob(
        "gated",
        "Distance of the stop from the entry, a fraction of it.",
        gate=("stop_loss_calculation", "fixed"),
        default=0.02,
        gt=0.0,
        lt=1.0,
    )
    max_drawdown_limit: float = knob(
        "guardrail",
        "Fall of the account from its high that closes positions and blocks entries for the long cooldown,"
        " after which the high is taken anew; 1 for none.",
        default=0.20,
        gt=0.0,
        le=1.0,
    )
    kill_switch_limit: float = knob(
        "guardrail",
        "Fall of the realised profit and loss from its high that ends all trading of the run; 1 for none.",
        default=0.30,
        gt=0.0,
        le=1.0,
    )

    def cooldown(self, timeframe: str) -> Cooldown:
        """The pauses after losses on bars of a canonical timeframe."""
        if timeframe in self.cooldown_config:
            return self.cooldown_config[timeframe]
        day = max(1, SECONDS["1d"] // SECONDS[timeframe])
        return Cooldown(
            short_loss_limit=self.daily_momentum_limit,
            long_loss_limit=self.weekly_momentum_limit,
            short_window_bars=day,
            long_window_bars=7 * day,
        )
