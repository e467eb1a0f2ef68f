"""Forecasts in the database: the newest of each series, for every process that is asked for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from db.candles import Series
from db.pool import fetch
from openoutcry.forecast.forecast import MODEL, Forecast
from openoutcry.types.timeframes import last_close

LOAD = """
SELECT timeframe, as_of, body FROM forecasts WHERE exchange = $1 AND symbol = $2 AND model = $3
"""
SAVE = """
INSERT INTO forecasts (exchange, symbol, timeframe, as_of, model, body) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (exchange, symbol, timeframe)
DO UPDATE SET as_of = excluded.as_of, model = excluded.model, body = excluded.body, made_at = now()
"""


async def load(pool: asyncpg.Pool, series: Series, as_of: datetime) -> dict[str, Forecast]:
    """Kept forecasts made at the newest close of their timeframe; one of another instant is none."""
    rows = await fetch(pool, LOAD, series.exchange, series.symbol, MODEL)
    return {
        row["timeframe"]: Forecast.model_validate(row["body"])
        for row in rows
        if row["as_of"] == last_close(as_of, row["timeframe"])
    }


async def save(pool: asyncpg.Pool, series: Series, made: Mapping[str, Forecast]) -> None:
    """Keep forecasts in place of those before."""
    rows: list[tuple[Any, ...]] = [
        (series.exchange, series.symbol, name, one.as_of, MODEL, one.model_dump(mode="json"))
        for name, one in made.items()
    ]
    if rows:
        await pool.executemany(SAVE, rows)
