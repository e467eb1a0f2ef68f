"""What the indicators server stands on."""

from dataclasses import dataclass, field
from typing import Protocol

from db.candles import CandleReader, Series
from db.regimes.force import InForce
from openoutcry.errors import DataUnavailable
from openoutcry.settings import Settings
from openoutcry.strategy.defaults import TradingDefaults


class RegimeModels(Protocol):
    """Where regime models come from."""

    async def need(self, series: Series) -> InForce:
        """The model in force for a market. Raises DataUnavailable saying how to get one."""
        ...


class NoModels:
    """A server without a database, where models are kept."""

    async def need(self, series: Series) -> InForce:
        """There is none."""
        raise DataUnavailable(
            f"no regime model of {series}: models are in the floor's database, and there is none here"
        )


@dataclass(frozen=True, slots=True)
class IndicatorsDeps:
    """The candle store, the exchange whose candles are meant when a symbol is named, what strategies default to,
    regime models, and settings.
    """

    reader: CandleReader
    exchange: str
    defaults: TradingDefaults
    models: RegimeModels = field(default_factory=NoModels)
    settings: Settings = field(default_factory=Settings)
