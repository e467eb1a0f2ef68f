"""The market at ``as_of`` as a fixed list of numbers, and as the vector similar decisions are found by.

``features-v1`` is a contract: names, order and constants never change under that name. Features are free of
clock time and of outcomes, and mostly free of the bar length: moves are counted in recent volatility or ATR.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from openoutcry.indicators.line import Array
from openoutcry.indicators.momentum import macd, rsi
from openoutcry.indicators.oscillators import stochastic
from openoutcry.indicators.trend import adx
from openoutcry.indicators.volatility import atr, bbands, donchian, natr, realized_vol
from openoutcry.indicators.volume import mfi

VERSION = "features-v1"
SIZE = 64
DIGITS = 6
CLIP = 3.0
MISSING_WEIGHT = 0.5
ANCHOR = 0.5


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of the context: standardised as ``(value − centre) / scale``, then cut to ±3."""

    name: str
    centre: float
    scale: float
    meaning: str


MARKET = (
    Feature("return_1", 0, 1, "log return of 1 bar, in units of its volatility over 48 bars"),
    Feature("return_3", 0, 1, "log return of 3 bars, in units of volatility × √3"),
    Feature("return_12", 0, 1, "log return of 12 bars, in units of volatility × √12"),
    Feature("return_24", 0, 1, "log return of 24 bars, in units of volatility × √24"),
    Feature("return_72", 0, 1, "log return of 72 bars, in units of volatility × √72"),
    Feature("return_168", 0, 1, "log return of 168 bars, in units of volatility × √168"),
    Feature("log_volatility", -5.3, 1.5, "natural log of the deviation of log returns per bar, 48 bars"),
    Feature("volatility_ratio", 0, 0.5, "natural log of volatility over 12 bars to that over 96"),
    Feature("natr_14", 1.0, 1.0, "ATR(14) in percent of the close"),
    Feature("bar_range", 1.0, 0.7, "last bar's high − low, in ATR(14)"),
    Feature("close_location", 0.5, 0.3, "close in the last bar's range, 0 at the low and 1 at the high"),
    Feature("rsi_14", 50, 15, "RSI(14)"),
    Feature("stochastic_k", 50, 30, "slow stochastic %K(14, 3)"),
    Feature("mfi_14", 50, 18, "money flow index (14)"),
    Feature("macd_hist_atr", 0, 0.3, "MACD(12,26,9) histogram, in ATR(14)"),
    Feature("percent_b", 0.5, 0.35, "close in the Bollinger bands (20, 2): 0 lower, 1 upper"),
    Feature("adx_14", 25, 12, "ADX(14)"),
    Feature("di_balance", 0, 0.35, "(+DI − −DI) / (+DI + −DI), 14 bars"),
    Feature("trend_20_50", 0, 2.0, "mean close of 20 bars − that of 50, in ATR(14)"),
    Feature("trend_50_200", 0, 5.0, "mean close of 50 bars − that of 200, in ATR(14)"),
    Feature("channel_20", 0.5, 0.45, "close in the channel of the 20 bars before: 0 low, 1 high"),
    Feature("volume_z", 0, 1, "log of 1 + volume against its mean and deviation over the 48 bars before"),
    Feature("drawdown", 3.0, 3.0, "fall from the highest high of 168 bars, in ATR(14)"),
    Feature("runup", 3.0, 3.0, "rise from the lowest low of 168 bars, in ATR(14)"),
)
EXTRAS = (
    Feature("hedge_ratio", 0.5, 0.5, "|short perpetual| to spot held, 1 = hedged"),
    Feature("net_exposure", 0.25, 0.25, "net exposure, of equity"),
    Feature("gross_exposure", 0.25, 0.25, "gross exposure, of equity"),
    Feature("buy_score", 0.3, 0.3, "the tally's score of BUY, before the outcome is known"),
    Feature("sell_score", 0.3, 0.3, "the tally's score of SELL"),
    Feature("funding_rate", 0.0001, 0.0002, "perpetual funding rate per interval, as a fraction"),
    Feature("basis_pct", 0, 0.1, "perpetual over spot, in percent"),
)
FEATURES = MARKET + EXTRAS
NAMES = tuple(feature.name for feature in MARKET)
INPUTS = ("high", "low", "close", "volume")
EXTRA_NAMES = tuple(feature.name for feature in EXTRAS)
RETURNS = (1, 3, 12, 24, 72, 168)
BARS = 200
"""Bars after which no market feature is missing for want of history."""


def market_features(series: Mapping[str, Array]) -> dict[str, float | None]:
    """The documented features at the last bar of ``high low close volume`` arrays; None where unknown."""
    high, low, close, volume = (np.ascontiguousarray(series[name], dtype=np.float64) for name in INPUTS)
    if not len(close):
        return dict.fromkeys(NAMES)
    with np.errstate(all="ignore"):
        unit = float(atr(high, low, close, 14)[-1])
        values = _moves(close) | _bar(high, low, close, unit) | _oscillators(high, low, close, volume, unit)
        values |= _places(high, low, close, volume, unit)
    return {name: _known(values[name]) for name in NAMES}


def _moves(close: Array) -> dict[str, float]:
    volatility = float(realized_vol(close, 48)[-1])
    short, long = float(realized_vol(close, 12)[-1]), float(realized_vol(close, 96)[-1])
    return {
        **{f"return_{n}": _over(_log_return(close, n), volatility * math.sqrt(n)) for n in RETURNS},
        "log_volatility": _log(volatility),
        "volatility_ratio": _log(_over(short, long)),
    }


def _bar(high: Array, low: Array, close: Array, unit: float) -> dict[str, float]:
    reach = float(high[-1] - low[-1])
    return {
        "natr_14": float(natr(high, low, close, 14)[-1]),
        "bar_range": _over(reach, unit),
        "close_location": _over(float(close[-1] - low[-1]), reach),
    }


def _oscillators(high: Array, low: Array, close: Array, volume: Array, unit: float) -> dict[str, float]:
    strength, plus, minus = (float(line[-1]) for line in adx(high, low, close, 14))
    return {
        "rsi_14": float(rsi(close, 14)[-1]),
        "stochastic_k": float(stochastic(high, low, close, 14, 3, 1)[0][-1]),
        "mfi_14": float(mfi(high, low, close, volume, 14)[-1]),
        "macd_hist_atr": _over(float(macd(close, 12, 26, 9)[2][-1]), unit),
        "percent_b": float(bbands(close, 20, 2.0)[3][-1]),
        "adx_14": strength,
        "di_balance": _over(plus - minus, plus + minus),
    }


def _places(high: Array, low: Array, close: Array, volume: Array, unit: float) -> dict[str, float]:
    top, bottom, _ = (float(line[-1]) for line in donchian(high, low, 20))
    means = {n: float(close[-n:].mean()) if len(close) >= n else math.nan for n in (20, 50, 200)}
    logs = np.log1p(np.maximum(volume[-49:], 0.0))
    deviation = float(logs[:-1].std()) if len(logs) == 49 else math.nan
    full = len(close) >= 168
    return {
        "trend_20_50": _over(means[20] - means[50], unit),
        "trend_50_200": _over(means[50] - means[200], unit),
        "channel_20": _over(float(close[-1]) - bottom, top - bottom),
        "volume_z": _over(float(logs[-1] - logs[:-1].mean()), deviation) if len(logs) == 49 else math.nan,
        "drawdown": _over(float(high[-168:].max() - close[-1]), unit) if full else math.nan,
        "runup": _over(float(close[-1] - low[-168:].min()), unit) if full else math.nan,
    }


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 and math.isfinite(top) and math.isfinite(bottom) else math.nan


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _log_return(close: Array, bars: int) -> float:
    return _log(_over(float(close[-1]), float(close[-1 - bars]))) if bars < len(close) else math.nan


def _known(value: float) -> float | None:
    return round(value, 9) if math.isfinite(value) else None


def context_vector(
    features: Mapping[str, float | None], extras: Mapping[str, float | None] | None = None
) -> tuple[float, ...]:
    """64 numbers of unit length for cosine search; missing or non-finite inputs are masked, never invented.

    Layout: 31 standardised values (FEATURES' order), 31 flags (0.5 where the value is missing), the constant
    anchor that keeps the vector off zero, and the share of values missing. Every number is exact in float32:
    what pgvector stores is what was computed.
    """
    given = {**features, **(extras or {})}
    values, flags = np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    for i, feature in enumerate(FEATURES):
        raw = given.get(feature.name)
        if raw is None or not math.isfinite(raw):
            flags[i] = MISSING_WEIGHT
        else:
            values[i] = max(-CLIP, min(CLIP, (raw - feature.centre) / feature.scale))
    vector = np.concatenate((values, flags, (ANCHOR, float((flags > 0).mean()))))
    length = math.sqrt(math.fsum(vector * vector))
    return tuple(float(np.float32(round(float(x), DIGITS))) for x in vector / length)
