"""Training a regime model: read a market's bars, fit, measure on what was held out, register."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from db.candles import CandleReader, Series
from db.jobs.rows import Output
from db.models.reading import version
from db.models.registering import Trained, register
from db.models.rows import ModelVersion
from db.models.staging import move
from db.pool import open_pool
from db.regimes.force import model_name
from db.strategies.history import By
from openoutcry.errors import BadInput, Conflict, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.regime.evaluation import evaluate
from openoutcry.regime.features import LEAST_BARS, feature_rows
from openoutcry.regime.model import KIND
from openoutcry.regime.request import LEAST_ROWS, TrainingRequest, parse_request
from openoutcry.regime.training import fit, hindsight
from openoutcry.types.timeframes import bar_length, from_millis, millis
from wire.clock import WallClock
from workers.work import Work

Tell = Callable[[int, int, str], None]
STEPS = 4


@dataclass(frozen=True, slots=True)
class Registered:
    """A training's result: the version, whether it went into production, and the one that was there before."""

    version: ModelVersion
    promoted: bool
    previous_version: str | None


def run(work: Work) -> Output:
    """The job's door."""
    asked = parse_request(work.request)

    async def whole() -> Registered:
        pool = await open_pool(work.database_url)
        try:
            return await train(pool, work.org_id, work.home, asked, who=f"job {work.job_id}", tell=work.step)
        finally:
            await pool.close()

    done = asyncio.run(whole())
    return Output(result=told(done))


def told(done: Registered) -> dict[str, Any]:
    """A training's result as JSON."""
    made = done.version
    return {
        "model_name": made.name,
        "version": made.version,
        "stage": made.stage,
        "promoted": done.promoted,
        "previous_version": done.previous_version,
        "content_hash": made.content_hash,
        "trained_from": made.trained_from.isoformat(),
        "trained_until": made.trained_until.isoformat(),
        "metrics": dict(made.metrics),
    }


async def train(
    pool: asyncpg.Pool, org_id: UUID, home: Path, asked: TrainingRequest, *, who: str, tell: Tell
) -> Registered:
    """Do it all. Raises BadInput, DataUnavailable for too little history, FitRefused."""
    series = Series(asked.exchange, asked.symbol, asked.timeframe)
    tell(0, STEPS, f"reading {series}")
    candles = _read(home, series, asked, WallClock().now())
    tell(1, STEPS, f"fitting {len(candles):,} bars")
    trained = await asyncio.to_thread(_trained, series, candles, asked)
    tell(2, STEPS, "registering")
    kept = await register(pool, org_id, trained, who)
    promoted, previous = await _promoted(pool, org_id, kept, asked, who)
    tell(STEPS, STEPS, "done")
    return Registered(await version(pool, org_id, kept.name, kept.version), promoted, previous)


def _read(home: Path, series: Series, asked: TrainingRequest, now: datetime) -> Candles:
    if asked.until > now:
        raise BadInput(f"until: {asked.until.isoformat()} is in the future", field="until")
    bars = asked.bars
    if asked.begin is not None:
        bars = int((asked.until - asked.begin) / bar_length(series.timeframe)) + 1
    candles = CandleReader(home).window(series, asked.until, bars)
    if asked.begin is not None:
        candles = candles[int(np.searchsorted(candles.timestamp, millis(asked.begin))) :]
    if not len(candles):
        raise DataUnavailable(
            f"no bar of {series} is stored up to {asked.until.isoformat()}; see `outcry data list`"
        )
    return candles


def _trained(series: Series, candles: Candles, asked: TrainingRequest) -> Trained:
    rows = feature_rows(candles, series.timeframe).rows
    known = np.flatnonzero(np.isfinite(rows).all(axis=1))
    inside = int(len(known) * (1.0 - asked.holdout))
    if inside < LEAST_ROWS or inside == len(known):
        needed = LEAST_BARS - 1 + int(LEAST_ROWS / (1.0 - asked.holdout)) + 1
        raise DataUnavailable(
            f"too little history of {series}: a training needs {needed} bars that move, there are {len(candles)}"
            + (f", {len(known)} with all features known" if len(known) else "")
        )
    fitted_rows, held_out = rows[known[:inside]], rows[known[inside:]]
    last = int(known[inside - 1])
    fitted = fit(
        fitted_rows,
        timeframe=series.timeframe,
        trained_from=from_millis(int(candles.timestamp[0])),
        trained_until=from_millis(int(candles.timestamp[last]) + series.bar_ms),
        seed=asked.seed,
    )
    metrics = evaluate(
        fitted.model, fitted_rows, held_out,
        parameters=fitted.parameters, hindsight=hindsight(fitted.model, held_out),
    )  # fmt: skip
    how = {key: value for key, value in asdict(fitted).items() if key != "model"}
    return Trained(
        name=model_name(series),
        kind=KIND,
        artefact=fitted.model.model_dump(mode="json"),
        parameters=asked.model_dump(mode="json"),
        metrics={
            **metrics,
            **how,
            "labelling": fitted.model.labelling,
            "labels": sorted(set(fitted.model.labels)),
        },
        seed=asked.seed,
        trained_from=fitted.model.trained_from,
        trained_until=fitted.model.trained_until,
        notes="" if fitted.converged else "the fit had not quite converged after its last iteration",
    )


async def _promoted(
    pool: asyncpg.Pool, org_id: UUID, kept: ModelVersion, asked: TrainingRequest, who: str
) -> tuple[bool, str | None]:
    if asked.promote == "no" or kept.stage == "Production":
        return kept.stage == "Production", None
    expected = "none" if asked.promote == "if_none" else None
    try:
        done = await move(
            pool,
            org_id,
            kept.name,
            kept.version,
            "Production",
            By(who, "after its training"),
            expected=expected,
        )
    except Conflict:  # someone's version is in production: it stays there
        return False, None
    return True, done.previous_version
