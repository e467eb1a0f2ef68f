"""Keeps the regimes of the markets a floor trades: follows each as its rounds go by, has a model trained where there is none."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from uuid import UUID

import asyncpg
import structlog

from db.candles import CandleFileBroken, CandleReader, Series
from db.jobs.submit import Submission, submit
from db.pool import LOST, fetch
from db.regimes.following import Follower
from db.regimes.force import Shelf, model_name
from openoutcry.errors import DataUnavailable
from openoutcry.regime.request import KIND, LEAST_BARS
from openoutcry.regime.settings import RegimeSettings

log = structlog.get_logger()
PAUSE_S = 1.0
TRAIN_AFTER_S = 15.0
"""A floor first gets its rounds going."""
ASK_AGAIN_S = 600.0
MARKETS = """
SELECT exchange, symbol, timeframe, max(as_of) AS as_of, bool_or(status = 'RUNNING') AS running FROM sessions
WHERE org_id = $1 AND as_of IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
WAITING = (
    "SELECT 1 FROM jobs WHERE org_id = $1 AND kind = $2 AND name = $3 AND status IN ('QUEUED', 'RUNNING')"
)


@dataclass
class RegimeKeeper:
    """One per floor."""

    pool: asyncpg.Pool
    org_id: UUID
    home: Path
    settings: RegimeSettings
    train_after_s: float = TRAIN_AFTER_S
    _began: float = field(default_factory=monotonic)
    _asked: dict[str, float] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = CandleReader(self.home)
        shelf = Shelf(self.pool, self.org_id)
        self._follower = Follower(self.pool, self.org_id, self._reader, shelf, self.settings)

    async def keep(self) -> None:
        """Look once a second, until cancelled; a lost database is waited out."""
        while True:
            try:
                await self.look()
            except (*LOST, asyncpg.InterfaceError) as error:
                log.warning("regimes_delayed", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(PAUSE_S)

    async def look(self) -> None:
        """Follow every market of a session up to its newest round."""
        for row in await fetch(self.pool, MARKETS, self.org_id):
            series = Series(row["exchange"], row["symbol"], row["timeframe"])
            try:
                done = await self._follower.update(series, row["as_of"])
            except (CandleFileBroken, DataUnavailable) as error:
                self._say(series, "regimes_not_followed", str(error))
                continue
            if done.why in ("no_model", "in_sample"):
                self._say(series, "regimes_not_followed", done.why)
            if done.why == "no_model" and row["running"] and self.settings.train:
                await self._ask_for_training(series, row["as_of"])

    async def _ask_for_training(self, series: Series, as_of: datetime) -> None:
        name, now = model_name(series), monotonic()
        if now - self._began < self.train_after_s or now - self._asked.get(name, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return
        if len(self._reader.window(series, as_of, LEAST_BARS)) < LEAST_BARS:
            self._say(series, "regime_training_waits", f"fewer than {LEAST_BARS} bars")
            return
        self._asked[name] = now
        if await fetch(self.pool, WAITING, self.org_id, KIND, name):
            return
        request = {
            "exchange": series.exchange,
            "symbol": series.symbol,
            "timeframe": series.timeframe,
            "until": as_of.isoformat(),
            "bars": self.settings.train_bars,
            "promote": "if_none",
        }
        job = await submit(self.pool, self.org_id, Submission(KIND, name, request), "floor")
        log.info("regime_training_asked", model=name, job=str(job))

    def _say(self, series: Series, event: str, why: str) -> None:
        """Log it when it is news."""
        if self._said.get(f"{series} {event}") != why:
            self._said[f"{series} {event}"] = why
            log.info(event, series=str(series), why=why)
