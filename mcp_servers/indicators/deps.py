"""What the indicators server stands on."""

from dataclasses import dataclass

from db.candles import CandleReader


@dataclass(frozen=True, slots=True)
class IndicatorsDeps:
    """The candle store, and the exchange whose candles are meant when a symbol is named."""

    reader: CandleReader
    exchange: str
