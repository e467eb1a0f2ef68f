"""Following markets as their bars close: new bars in, confirmed regimes out.

Only bars that closed after its training are judged by a model; the ones before them only tell where it stands.
Doing it again changes nothing, doing it late or in pieces gives the same rows, and of two who do it at once one gives
way.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import numpy as np

from db.candles import CandleReader, Series
from db.regimes.force import InForce, Shelf
from db.regimes.tracks import Beginning, StoredTrack, load, save
from openoutcry.market.candles import Candles
from openoutcry.regime.detection import plain, told
from openoutcry.regime.features import MEMORY, feature_rows
from openoutcry.regime.filter import machine
from openoutcry.regime.settings import RegimeSettings
from openoutcry.regime.tracking import Track, follow, fresh
from openoutcry.types.timeframes import bar_length, from_millis, millis

SETTLING = 250
"""Bars a new model looks at before the first one it judges."""
AT_ONCE = 5_000
"""Bars followed in one step, which bounds its memory and the time it holds a thread."""
Why = Literal["followed", "up_to_date", "no_model", "in_sample", "no_bars", "raced"]


@dataclass(frozen=True, slots=True)
class Update:
    """What following came to: bars judged, regimes that began, the close of the last bar judged so far."""

    why: Why
    bars: int = 0
    changes: int = 0
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows markets of one org, on the candles of one home."""

    pool: asyncpg.Pool
    org_id: UUID
    reader: CandleReader
    shelf: Shelf
    settings: RegimeSettings

    async def update(self, series: Series, as_of: datetime) -> Update:
        """Follow a market up to the bars closed at ``as_of``. Raises CandleFileBroken, DataUnavailable (altered model)."""
        bars = changes = 0
        while True:
            step = await self._step(series, as_of)
            bars, changes = bars + step.bars, changes + step.changes
            if step.why != "followed":
                why = "followed" if bars and step.why == "up_to_date" else step.why
                return Update(why, bars, changes, step.closed_at)

    async def _step(self, series: Series, as_of: datetime) -> Update:
        force = await self.shelf.find(series)
        if force is None:
            return Update("no_model")
        before = await load(self.pool, self.org_id, series)
        begin = (
            force.model.trained_until if before is None else max(before.closed_at, force.model.trained_until)
        )
        at = before.closed_at if before else None
        if as_of <= begin:
            return Update("up_to_date" if before and as_of <= before.closed_at else "in_sample", closed_at=at)
        candles = await asyncio.to_thread(self._beyond, series, begin, as_of)
        if candles is None:
            return Update("up_to_date" if before else "no_bars", closed_at=at)
        after, beginnings, bars = await asyncio.to_thread(
            _followed, candles, series, force, before, begin, self.settings
        )
        if not await save(self.pool, self.org_id, series, before, after, beginnings):
            return Update("raced", closed_at=at)
        return Update("followed", bars, len(beginnings), after.closed_at)

    def _beyond(self, series: Series, begin: datetime, as_of: datetime) -> Candles | None:
        """The next bars that closed after ``begin``, with those that their features and a new belief look back on."""
        piece = AT_ONCE * bar_length(series.timeframe)
        until = begin
        while until < as_of:  # a hole in the series may be longer than a piece
            until = min(until + piece, as_of)
            candles = self.reader.window(series, until, AT_ONCE + SETTLING + MEMORY)
            if len(candles) and int(candles.timestamp[-1]) + series.bar_ms > millis(begin):
                return candles
        return None


def _followed(
    candles: Candles,
    series: Series,
    force: InForce,
    before: StoredTrack | None,
    begin: datetime,
    settings: RegimeSettings,
) -> tuple[StoredTrack, list[Beginning], int]:
    features, engine = feature_rows(candles, series.timeframe), machine(force.model)
    first = int(np.searchsorted(candles.timestamp + series.bar_ms, millis(begin), "right"))
    if before is not None and before.version_id == force.version.id:
        track = before.track
    else:  # a new model takes over: what is believed stays, its own belief comes from the bars before
        held = before.track.confirmation if before else fresh(engine).confirmation
        settled = follow(engine, fresh(engine), features.rows[max(first - SETTLING, 0) : first], settings)
        track = Track(settled.track.belief, held)
    done = follow(engine, track, features.rows[first:], settings)
    closes = candles.timestamp[first:] + series.bar_ms
    beginnings = [
        Beginning(one.regime, one.confidence, from_millis(int(closes[one.index]))) for one in done.changes
    ]
    closed_at = from_millis(int(closes[-1]))
    said = plain(told(engine, done, features, closed_at, settings))
    return StoredTrack(force.version.id, closed_at, done.track, said), beginnings, len(closes)
