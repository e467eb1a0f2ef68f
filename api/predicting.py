"""The prediction of a symbol: made once per decision of the floor, beside the event loop, and remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TypeVar
from uuid import UUID

from api.floor import Floor
from api.market import apart, home_of
from api.running import running_settings
from db import state
from db.candles import CandleReader, Series
from db.forecasting import decided as decisions
from db.forecasting import kept, making
from db.forecasting.bars import newest_price
from db.forecasting.decided import Newest
from db.regimes import history
from openoutcry.forecast.calibration import calibrate
from openoutcry.forecast.prediction import Prediction, predict
from openoutcry.regime.names import Regime
from wire.clock import WallClock

T = TypeVar("T")
MOST_KEPT = 512


class SharedReader:
    """A candle reader that threads use in turn."""

    def __init__(self, home: Path) -> None:
        self._reader, self._turn = CandleReader(home), Lock()

    async def read(self, work: Callable[[CandleReader], T]) -> T:
        """Do ``work`` in a thread once nobody else reads."""

        def in_turn() -> T:
            with self._turn:
                return work(self._reader)

        return await apart(in_turn)


@dataclass(frozen=True, slots=True)
class Price:
    """The newest price that is stored, and when it was one."""

    price: float
    at: datetime


class Predictions:
    """One per app. Whoever comes while a symbol's prediction is being made waits for that one."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._made: OrderedDict[tuple[UUID, str], tuple[float, Prediction]] = OrderedDict()
        self._making = asyncio.Lock()

    @cached_property
    def _for_forecasts(self) -> SharedReader:
        return SharedReader(home_of(self._floor))

    @cached_property
    def _for_prices(self) -> SharedReader:
        """Apart from the other, so that a price never waits for a forecast."""
        return SharedReader(home_of(self._floor))

    async def of(self, org_id: UUID, newest: Newest) -> Prediction:
        """The prediction of the decision, or of a newer one made meanwhile. Raises making.TooYoung, DataUnavailable."""
        key, came_at = (org_id, newest.series.symbol), monotonic()
        made_at, found = self._made.get(key, (0.0, None))
        if found is not None and found.decided.id == str(newest.id):
            return found
        async with self._making:
            made_at, found = self._made.get(key, (0.0, None))
            if found is None or (made_at < came_at and found.decided.id != str(newest.id)):
                found = await self._make(org_id, newest)
                self._made[key] = monotonic(), found
                self._made.move_to_end(key)
                if len(self._made) > MOST_KEPT:
                    self._made.popitem(last=False)
        return found

    async def enough(self, series: Series, as_of: datetime) -> bool:
        """Whether 208 days of the symbol are stored."""
        return await self._for_forecasts.read(lambda reader: making.enough(reader, series, as_of))

    async def days(self, series: Series, as_of: datetime) -> int:
        """How many of those 208 days are stored."""
        return await self._for_forecasts.read(lambda reader: making.stored_days(reader, series, as_of))

    async def price(self, series: Series, as_of: datetime) -> Price | None:
        """The market's newest price at ``as_of``; None when nothing is stored."""
        found = await self._for_prices.read(lambda reader: newest_price(reader, series, as_of))
        return None if found is None else Price(*found)

    async def _make(self, org_id: UUID, newest: Newest) -> Prediction:
        pool = self._floor.pool
        known = await kept.load(pool, newest.series, newest.as_of)
        seen = await self._for_forecasts.read(
            lambda reader: making.outlook(reader, newest.series, newest.as_of, known)
        )
        new = {name: one for name, one in seen.forecasts.items() if known.get(name) is not one}
        await kept.save(pool, newest.series, new)
        decided = await decisions.whole(pool, newest)
        past = await decisions.ended_before(pool, org_id, hold=decided.action == "HOLD", as_of=decided.as_of)
        calibrated = await apart(lambda: calibrate(decided.confidence, past))
        settings = await running_settings(self._floor)
        regime = await self._regime(org_id, newest)
        return predict(decided, seen.forecasts, seen.climate, calibrated, regime, settings)

    async def _regime(self, org_id: UUID, newest: Newest) -> Regime | None:
        spells = await history.spells(
            self._floor.pool, org_id, newest.series, since=newest.as_of, as_of=newest.as_of
        )
        return spells[-1].regime if spells else None


async def market_now(floor: Floor) -> datetime:
    """Market time: of a replayed market that of its newest round, of a live one the wall's."""
    value = await state.get(floor.pool, "clock")
    if value is None or value["source"] == "live":
        return WallClock().now()
    return datetime.fromisoformat(value["as_of"])


def preferred(stored: Sequence[Series], exchange: str, symbols: Sequence[str]) -> Series | None:
    """The stored series a symbol means: the floor's own exchange before others, the first symbol before the next."""
    fits = [one for one in stored if one.symbol in symbols]
    return min(fits, key=lambda one: (one.exchange != exchange, symbols.index(one.symbol)), default=None)
