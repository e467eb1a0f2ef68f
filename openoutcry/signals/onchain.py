"""Signals on data that is not price: flows, holdings, unlocks, funding, treasuries, lending.

Each names the column it requires (``Bars.other``, NaN where nothing was published) and is unavailable without it. They
look at published values only: a FILTER holds until the next one, a TRIGGER fires at the bar that brings one.
"""

from collections.abc import Callable
from typing import Annotated

import numpy as np

from openoutcry.indicators.line import Array, Mask
from openoutcry.indicators.rolling import deviation, lag, mean, total
from openoutcry.signals.bars import Bars, crosses_above
from openoutcry.signals.declare import Range, state, trigger

ONCHAIN, DEFI = "onchain", "defi_pro"


def _holds(bars: Bars, column: str, condition: Callable[[Array], Mask]) -> Mask:
    """The condition on published values, kept until the next one."""
    values = bars.other[column]
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros(len(values), dtype=np.bool_)
    found = np.asarray(condition(values[known]))
    newest = np.cumsum(known) - 1
    return np.asarray((newest >= 0) & found[np.maximum(newest, 0)])


def _fires(bars: Bars, column: str, condition: Callable[[Array], Mask]) -> Mask:
    """The condition on published values, at the bars that bring one."""
    return _holds(bars, column, condition) & ~np.isnan(bars.other[column])


def _score(values: Array, window: int) -> Array:
    """Deviations (ddof 1) of each value from the mean of the ``window`` before it; NaN where those are all equal."""
    before = lag(values, 1)
    spread = deviation(before, window) * np.sqrt(window / (window - 1))
    return np.where(spread > 0, (values - mean(before, window)) / np.where(spread > 0, spread, 1.0), np.nan)


def _crosses_mean(values: Array, window: int) -> Mask:
    return crosses_above(values, mean(values, window))


@trigger(ONCHAIN, "SmartMoneyNetflow", needs=lambda window, z_threshold: window + 1, set="onchain")
def smart_money_inflow_spike(
    bars: Bars,
    window: Annotated[int, Range(5, 200)] = 20,
    z_threshold: Annotated[float, Range(0.5, 5)] = 2.0,
) -> Mask:
    """Smart money's net flow positive and far above its recent mean."""
    return _fires(bars, "SmartMoneyNetflow", lambda v: (v > 0) & (_score(v, window) >= z_threshold))


@trigger(ONCHAIN, "SmartMoneyHoldings", needs=lambda window: window + 1, set="onchain")
def smart_money_holdings_cross(bars: Bars, window: Annotated[int, Range(3, 200)] = 20) -> Mask:
    """Smart money's holdings cross above their mean."""
    return _fires(bars, "SmartMoneyHoldings", lambda v: _crosses_mean(v, window))


@state(ONCHAIN, "SmartMoneyNetflow", needs=lambda window: window, set="onchain")
def smart_money_net_positive(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Smart money's net flow over the window positive."""
    return _holds(bars, "SmartMoneyNetflow", lambda v: total(v, window) > 0)


@state(ONCHAIN, "SmartMoneyHoldings", needs=lambda window: window + 1, set="onchain")
def smart_money_holdings_rising(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Smart money holds more than a window ago."""
    return _holds(bars, "SmartMoneyHoldings", lambda v: v > lag(v, window))


@trigger(ONCHAIN, "ExchangeNetflow", needs=lambda window, z_threshold: window + 1, set="onchain")
def exchange_outflow_spike(
    bars: Bars,
    window: Annotated[int, Range(5, 200)] = 20,
    z_threshold: Annotated[float, Range(0.5, 5)] = 2.0,
) -> Mask:
    """Net flow to exchanges negative and far below its recent mean."""
    return _fires(bars, "ExchangeNetflow", lambda v: (v < 0) & (_score(v, window) <= -z_threshold))


@state(ONCHAIN, "ExchangeNetflow", needs=lambda window: window, set="onchain")
def exchange_net_outflow(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Net flow to exchanges over the window negative."""
    return _holds(bars, "ExchangeNetflow", lambda v: total(v, window) < 0)


@trigger(ONCHAIN, "WhaleNetInflow", needs=lambda window: window + 1, set="onchain")
def whale_accumulation_trigger(bars: Bars, window: Annotated[int, Range(2, 100)] = 7) -> Mask:
    """Mean net inflow of whales crosses above zero."""
    return _fires(bars, "WhaleNetInflow", lambda v: crosses_above(mean(v, window), 0.0))


@state(ONCHAIN, "WhaleNetInflow", needs=lambda window: window, set="onchain")
def whale_net_accumulation(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Net inflow of whales over the window positive."""
    return _holds(bars, "WhaleNetInflow", lambda v: total(v, window) > 0)


@state(ONCHAIN, "HolderConcentration", needs=lambda threshold: 1, set="onchain")
def holder_concentration_low(bars: Bars, threshold: Annotated[float, Range(0, 1)] = 0.5) -> Mask:
    """Share of the largest holders below the threshold."""
    return _holds(bars, "HolderConcentration", lambda v: v < threshold)


@state(ONCHAIN, "HolderConcentration", needs=lambda window: window + 1, set="onchain")
def holder_concentration_falling(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Share of the largest holders lower than a window ago."""
    return _holds(bars, "HolderConcentration", lambda v: v < lag(v, window))


@state(DEFI, "TokenUnlockPressure", needs=lambda threshold: 1, set="onchain")
def token_unlock_pressure_low(bars: Bars, threshold: Annotated[float, Range(0.005, 0.25)] = 0.02) -> Mask:
    """Supply to be unlocked at or below the threshold."""
    return _holds(bars, "TokenUnlockPressure", lambda v: v <= threshold)


@trigger(DEFI, "TokenUnlockPressure", needs=lambda window, **_: window + 1, set="onchain")
def token_unlock_cliff_ahead(
    bars: Bars,
    window: Annotated[int, Range(5, 200)] = 30,
    z_threshold: Annotated[float, Range(0.5, 5)] = 2.0,
    min_pressure: Annotated[float, Range(0.005, 0.5)] = 0.03,
) -> Mask:
    """Supply to be unlocked large, and far above its recent mean (or that was constant)."""

    def cliff(values: Array) -> Mask:
        score, seen = _score(values, window), ~np.isnan(mean(lag(values, 1), window))
        return np.asarray(seen & (values >= min_pressure) & (np.isnan(score) | (score >= z_threshold)))

    return _fires(bars, "TokenUnlockPressure", cliff)


@state(DEFI, "PerpFundingRate", needs=lambda window: window, set="onchain")
def funding_negative_regime(bars: Bars, window: Annotated[int, Range(3, 200)] = 14) -> Mask:
    """Mean funding rate of the window negative."""
    return _holds(bars, "PerpFundingRate", lambda v: mean(v, window) < 0)


@trigger(DEFI, "PerpFundingRate", needs=lambda: 2, set="onchain")
def funding_flip_positive(bars: Bars) -> Mask:
    """Funding rate crosses above zero."""
    return _fires(bars, "PerpFundingRate", lambda v: crosses_above(v, 0.0))


@state(DEFI, "EtfNetFlow", needs=lambda window: window, set="onchain")
def etf_inflow_streak(bars: Bars, window: Annotated[int, Range(2, 60)] = 5) -> Mask:
    """Every net flow into funds of the window positive."""
    return _holds(bars, "EtfNetFlow", lambda v: total((v > 0).astype(np.float64), window) == window)


@trigger(DEFI, "EtfNetFlow", needs=lambda window, z_threshold: window + 1, set="onchain")
def etf_inflow_spike(
    bars: Bars,
    window: Annotated[int, Range(5, 200)] = 20,
    z_threshold: Annotated[float, Range(0.5, 5)] = 2.0,
) -> Mask:
    """Net flow into funds positive and far above its recent mean."""
    return _fires(bars, "EtfNetFlow", lambda v: (v > 0) & (_score(v, window) >= z_threshold))


@state(DEFI, "TreasuryUsd", needs=lambda window: window + 1, set="onchain")
def treasury_growing(bars: Bars, window: Annotated[int, Range(3, 200)] = 14) -> Mask:
    """The protocol's treasury larger than a window ago."""
    return _holds(bars, "TreasuryUsd", lambda v: v > lag(v, window))


@trigger(DEFI, "TreasuryUsd", needs=lambda window: window + 1, set="onchain")
def treasury_accumulation_trigger(bars: Bars, window: Annotated[int, Range(3, 200)] = 20) -> Mask:
    """The protocol's treasury crosses above its mean."""
    return _fires(bars, "TreasuryUsd", lambda v: _crosses_mean(v, window))


@state(DEFI, "LendingRateSpread", needs=lambda threshold: 1, set="onchain")
def lending_spread_low(bars: Bars, threshold: Annotated[float, Range(0.001, 0.5)] = 0.02) -> Mask:
    """Spread of lending rates at or below the threshold."""
    return _holds(bars, "LendingRateSpread", lambda v: v <= threshold)


@trigger(DEFI, "LendingRateSpread", needs=lambda window: window + 1, set="onchain")
def lending_spread_widening(bars: Bars, window: Annotated[int, Range(3, 200)] = 20) -> Mask:
    """Spread of lending rates crosses above its mean."""
    return _fires(bars, "LendingRateSpread", lambda v: _crosses_mean(v, window))
