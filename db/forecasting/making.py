"""The three forecasts and the climate of a market at one instant, out of its stored candles."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from db.candles import CandleReader, Series
from db.forecasting.bars import joined
from openoutcry.errors import DataUnavailable
from openoutcry.forecast.climate import Climate, climate_of
from openoutcry.forecast.forecast import Forecast, forecast
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import last_close, millis

LIMITS: Mapping[str, int] = {"1h": 5_040, "4h": 2_500, "1d": 1_000}
"""Bars of each timeframe that are read; hours reach back over 208 whole days at any time of the day."""
LEAST_DAYS = 208
"""5,000 hours in whole days."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Forecasts by timeframe, shortest first, and the climate."""

    forecasts: dict[str, Forecast]
    climate: Climate


class TooYoung(DataUnavailable):
    """A symbol's stored history does not reach back 208 days."""


def stored_days(reader: CandleReader, series: Series, as_of: datetime) -> int:
    """How many of the last 208 days are stored."""
    return len(joined(reader, replace(series, timeframe="1d"), as_of, LEAST_DAYS))


def enough(reader: CandleReader, series: Series, as_of: datetime) -> bool:
    """Whether 208 daily bars and hours that reach back as far are known at ``as_of``."""
    days = joined(reader, replace(series, timeframe="1d"), as_of, LEAST_DAYS)
    hours = joined(reader, replace(series, timeframe="1h"), as_of, LIMITS["1h"])
    if len(days) < LEAST_DAYS or not len(hours):
        return False
    reach = last_close(as_of, "1d") - timedelta(days=LEAST_DAYS)
    return int(hours.timestamp[0]) <= millis(reach)


def outlook(reader: CandleReader, series: Series, as_of: datetime, known: Mapping[str, Forecast]) -> Outlook:
    """What is expected of a market; ``known`` are forecasts of the same instant that need not be made again.

    Raises TooYoung, DataUnavailable, CandleFileBroken.
    """
    if not enough(reader, series, as_of):
        raise TooYoung(
            f"{series.symbol} has fewer than {LEAST_DAYS} days of candles at {as_of:%Y-%m-%d %H:%M}"
        )
    made: dict[str, Forecast] = {}
    days = Candles.empty()
    for timeframe, limit in LIMITS.items():
        bars = joined(reader, replace(series, timeframe=timeframe), as_of, limit)
        held = known.get(timeframe)
        made[timeframe] = held if held is not None else forecast(bars, timeframe)
        days = bars if timeframe == "1d" else days
    return Outlook(made, climate_of(days.close))
