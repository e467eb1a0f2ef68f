"""Random series, plans and configurations for the reference and the kernel to agree on."""

import numpy as np
from hypothesis import strategies as st

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.market.candles import Candles
from openoutcry.strategy.execution import Costs
from openoutcry.types.timeframes import SECONDS
from tests.openoutcry.backtest.runs import START, config


def market(seed: int, count: int, timeframe: str, volatility: float, holes: float) -> Candles:
    """A seeded walk with gaps from close to open, and bars missing here and there."""
    rng, bar_ms = np.random.default_rng(seed), SECONDS[timeframe] * 1000
    close = 100 * np.exp(np.cumsum(rng.normal(0, volatility, count)))
    opened = np.concatenate(([100.0], close[:-1])) * np.exp(rng.normal(0, volatility / 4, count))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, volatility / 2, count)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, volatility / 2, count)))
    kept = rng.random(count) >= holes
    kept[:2] = True
    columns = opened, high, low, close, rng.exponential(10, count) + 1
    stamps = START + bar_ms * np.arange(count)
    return Candles.of(stamps[kept], *(column[kept] for column in columns))


CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "max_risk_per_trade": st.sampled_from([0.002, 0.01, 0.05, 0.5]),
        "reward_factor": st.sampled_from([0.9, 1.5, 2.0, 6.0]),
        "stop_loss_calculation": st.sampled_from(["dynamic_atr", "fixed"]),
        "stop_loss_pct": st.sampled_from([0.005, 0.03, 0.2]),
        "atr_volatility_factor": st.sampled_from([0.5, 2.0, 8.0]),
        "atr_cap_multiplier": st.sampled_from([1.0, 2.1]),
        "position_size_calc": st.sampled_from(["v2", "all_in"]),
        "min_balance_threshold": st.sampled_from([0.001, 0.1, 0.6]),
        "min_trade_amount": st.sampled_from([0.01, 25, 2500]),
        "max_trade_amount": st.sampled_from([3000, 1e7]),
        "max_units_per_trade": st.sampled_from([5.0, 1e6]),
        "max_open_positions": st.sampled_from([1, 1, 2, 3, 10]),
        "max_trades_per_day": st.sampled_from([1, 2, 50]),
        "cooldown_bars": st.sampled_from([0, 0, 1, 3, 12]),
        "max_hold_time_hours": st.sampled_from([None, 1.5, 7.0, 30.0]),
        "volatility_window": st.sampled_from([2, 8, 24]),
        "target_volatility": st.sampled_from([0.01, 0.1]),
        "volatility_mode": st.sampled_from(["stddev", "atr"]),
        "enable_volatility_adjustment": st.booleans(),
        "profit_threshold_pct": st.sampled_from([0.0, 0.01, 0.05]),
        "max_drawdown_limit": st.sampled_from([0.003, 0.01, 0.05, 0.2, 1.0]),
        "kill_switch_limit": st.sampled_from([0.03, 0.3, 1.0]),
    },
)
LEAST = {"min_trade_amount": 0.01, "min_balance_threshold": 0.001}
"""What rounding leaves of a liquidated account is not to decide which gate an entry fails at."""
COOLDOWNS = st.sampled_from(
    [None, (1, 2, 4, 10), (2, 3, 5, 30), (3, 3, 40, 40), (99, 99, 1, 1), (99, 99, 1, 2), (99, 99, 1, 9)]
)  # short and long limit, short and long window
EXITS = st.sampled_from(
    [(10_000, 10_000, 10_000), (1, 1, 1), (9, 3, 5), (25, 10, 2)]
)  # hold, on loss, on profit


@st.composite
def configs(draw, timeframe):
    """A configuration, with as many limits on as hypothesis likes."""
    changes = LEAST | draw(CONFIGS)
    period, long = draw(st.sampled_from([2, 5])), draw(st.sampled_from([0.0, 0.05, 0.5]))
    hold, loss, profit = draw(EXITS)
    changes |= {"atr_period": period, "atr_short_weight": 1 - long, "atr_long_weight": long}
    changes |= {"max_hold_bars": hold, "exit_on_loss_after_bars": loss, "exit_on_profit_after_bars": profit}
    if limits := draw(COOLDOWNS):
        names = ("short_loss_limit", "long_loss_limit", "short_window_bars", "long_window_bars")
        changes["cooldown_config"] = {timeframe: dict(zip(names, limits, strict=True))}
    elif timeframe != "1h":
        changes |= {"daily_momentum_limit": draw(st.sampled_from([1, 3])), "weekly_momentum_limit": 4}
    return config(**changes)


@st.composite
def plans(draw, candles):
    """Entries and exits, now and then with sides, stops and targets of the strategy's own."""
    rng, count = np.random.default_rng(draw(st.integers(0, 2**32))), len(candles)
    plan = {
        "entries": rng.random(count) < draw(st.sampled_from([0.02, 0.2, 0.9])),
        "exits": rng.random(count) < draw(st.sampled_from([0.0, 0.05, 0.3])),
    }
    sides = draw(st.sampled_from(["long", "short", "both"]))
    plan["side"] = {"long": np.ones(count), "short": -np.ones(count), "both": rng.choice([-1, 1], count)}[
        sides
    ]
    if draw(st.booleans()):
        plan["stop"] = candles.close * (1 - plan["side"] * rng.uniform(-0.01, 0.05, count))
        plan["stop"][rng.random(count) < 0.3] = np.nan
    if draw(st.booleans()):
        plan["target"] = candles.close * (1 + plan["side"] * rng.uniform(-0.01, 0.05, count))
        plan["target"][rng.random(count) < 0.3] = np.nan
    return plan


@st.composite
def cases(draw):
    """Everything a run is told."""
    timeframe = draw(st.sampled_from(["1h", "4h", "1d"]))
    count = draw(st.integers(2, 160))
    volatility, holes = draw(st.sampled_from([0.002, 0.01, 0.04])), draw(st.sampled_from([0.0, 0.1]))
    candles = market(draw(st.integers(0, 2**32)), count, timeframe, volatility, holes)
    plan = draw(plans(candles))
    shorts = bool((plan["side"] < 0).any())
    perpetual = st.builds(
        Perpetual,
        leverage=st.sampled_from([1.0, 3.0, 20.0]),
        maintenance_margin=st.sampled_from([0.0, 0.005, 0.04]),
    )
    rates = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = np.arange(candles.timestamp[0] - 20_000_000, candles.timestamp[-1] + 20_000_000, 8 * 3_600_000)
    return {
        "timeframe": timeframe,
        "candles": candles,
        "plan": plan,
        "config": draw(configs(timeframe)),
        "costs": Costs(
            fee_pct=draw(st.sampled_from([0.0, 0.001])), slippage_pct=draw(st.sampled_from([0.0, 0.004]))
        ),
        "fills": FillModel(
            entry=draw(st.sampled_from(["next_open", "next_open", "signal_close"])),
            levels=draw(st.sampled_from(["level", "close"])),
            first=draw(st.sampled_from(["stop", "target"])),
            slippage=draw(st.sampled_from(["uniform", "fixed", "none"])),
        ),
        "seed": draw(st.sampled_from([0, 1, 2**63 - 1])),
        "perpetual": draw(perpetual) if shorts else draw(st.one_of(st.none(), perpetual)),
        "funding": (times, rates.normal(0, 0.001, len(times)))
        if draw(st.booleans())
        else (times[:0], times[:0]),
        "start": draw(st.sampled_from([0, 0, 5])) if len(candles) > 10 else 0,
    }
