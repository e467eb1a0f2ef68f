"""What the kernel is told about execution: a configuration, costs, fills and margin as plain numbers."""

from typing import NamedTuple

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.series import Series
from openoutcry.strategy.execution import Costs, ExecutionConfig

NEVER = 2**62
"""A time or a number of bars that no series reaches."""
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
ATR_STOP, FIXED_STOP, NO_STOP = range(3)
STOPS = {"dynamic_atr": ATR_STOP, "fixed": FIXED_STOP, "none": NO_STOP}
BY_RISK, ALL_IN = range(2)
SIZES = {"v2": BY_RISK, "all_in": ALL_IN}


class Terms(NamedTuple):
    """Fractions, quote amounts, bars and milliseconds. Field names are those of the configuration where they mean the same."""

    initial_balance: float
    fee_pct: float
    slippage_pct: float
    uniform: bool
    """Slippage is drawn; otherwise it is ``slippage_pct`` itself."""
    seed: int
    at_close: bool
    """Orders fill at the close they were decided on, not at the next open."""
    close_levels: bool
    """Stop and target are compared with closes only."""
    target_first: bool
    stop_mode: int
    atr_volatility_factor: float
    stop_loss_pct: float
    reward_factor: float
    size_mode: int
    max_risk_per_trade: float
    min_balance: float
    """In the quote currency."""
    min_trade_amount: float
    max_trade_amount: float
    max_units_per_trade: float
    max_open_positions: int
    max_trades_per_day: int
    cooldown_bars: int
    short_loss_limit: int
    long_loss_limit: int
    short_window_bars: int
    long_window_bars: int
    max_hold_bars: int
    hold_ms: int
    exit_on_loss_after_bars: int
    exit_on_profit_after_bars: int
    profit_threshold_pct: float
    max_drawdown_limit: float
    kill_switch_limit: float
    margin: float
    """Share of a position's notional that is set aside for it: 1 / leverage, 1 without leverage."""
    maintenance_margin: float
    perpetual: bool
    timed: bool
    """A fill depends on its bar's time: for the draw of its slippage, or to count the entries of a day."""


def terms_of(
    config: ExecutionConfig,
    costs: Costs,
    fills: FillModel,
    perpetual: Perpetual | None,
    series: Series,
    seed: int,
) -> Terms:
    """The terms of a run."""
    cooldown = config.cooldown(series.timeframe)
    hours = config.max_hold_time_hours
    drawn = fills.slippage == "uniform" and costs.slippage_pct > 0.0
    counted = config.max_trades_per_day < DAY_MS // series.bar_ms  # a bar has one entry at most
    return Terms(
        initial_balance=float(config.initial_balance),
        fee_pct=float(costs.fee_pct),
        slippage_pct=float(costs.slippage_pct) if fills.slippage != "none" else 0.0,
        uniform=drawn,
        seed=seed,
        at_close=fills.entry == "signal_close",
        close_levels=fills.levels == "close",
        target_first=fills.first == "target",
        stop_mode=STOPS[config.stop_loss_calculation],
        atr_volatility_factor=float(config.atr_volatility_factor),
        stop_loss_pct=float(config.stop_loss_pct),
        reward_factor=float(config.reward_factor),
        size_mode=SIZES[config.position_size_calc],
        max_risk_per_trade=float(config.max_risk_per_trade),
        min_balance=config.min_balance_threshold * config.initial_balance,
        min_trade_amount=float(config.min_trade_amount),
        max_trade_amount=float(config.max_trade_amount),
        max_units_per_trade=float(config.max_units_per_trade),
        max_open_positions=config.max_open_positions,
        max_trades_per_day=config.max_trades_per_day if counted else NEVER,
        cooldown_bars=config.cooldown_bars,
        short_loss_limit=cooldown.short_loss_limit,
        long_loss_limit=cooldown.long_loss_limit,
        short_window_bars=cooldown.short_window_bars,
        long_window_bars=cooldown.long_window_bars,
        max_hold_bars=config.max_hold_bars,
        hold_ms=NEVER if hours is None else int(hours * HOUR_MS),
        exit_on_loss_after_bars=config.exit_on_loss_after_bars,
        exit_on_profit_after_bars=config.exit_on_profit_after_bars,
        profit_threshold_pct=float(config.profit_threshold_pct),
        max_drawdown_limit=float(config.max_drawdown_limit),
        kill_switch_limit=float(config.kill_switch_limit),
        margin=1.0 if perpetual is None else 1.0 / perpetual.leverage,
        maintenance_margin=0.0 if perpetual is None else perpetual.maintenance_margin,
        perpetual=perpetual is not None,
        timed=drawn or counted,
    )
