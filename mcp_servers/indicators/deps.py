"""What the indicators server stands on."""

from dataclasses import dataclass

from db.candles import CandleReader
from openoutcry.strategy.defaults import TradingDefaults


@dataclass(frozen=True, slots=True)
class IndicatorsDeps:
    """The candle store, the exchange whose candles are meant when a symbol is named, and what strategies default to."""

    reader: CandleReader
    exchange: str
    defaults: TradingDefaults
