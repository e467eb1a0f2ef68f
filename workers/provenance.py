"""Where a result comes from: the program, the strategy and the very bars it was computed on."""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.market.candles import Candles
from openoutcry.version import VERSION
from workers.work import Work

ROOT = Path(__file__).resolve().parent.parent
SYNTHETIC = "synthetic"
"""Exchanges of generated candles are named so: synthetic-7."""


def provenance(work: Work, request: BacktestRequest, bars: Iterable[Candles]) -> dict[str, str]:
    """By name, all as text."""
    synthetic = request.venue.startswith(SYNTHETIC)
    return {
        "data": SYNTHETIC if synthetic else "recorded",
        "exchange": request.exchange,
        "data_hash": data_hash(bars),
        "strategy_hash": request.content_hash,
        "seed": str(request.seed),
        "version": VERSION,
        "commit": commit(),
        "job": str(work.job_id),
    }


def data_hash(bars: Iterable[Candles]) -> str:
    """SHA-256 of every number of every bar, shortened."""
    made = hashlib.sha256()
    for candles in bars:
        for column in candles.arrays():
            made.update(column.tobytes())
    return made.hexdigest()[:16]


def commit() -> str:
    """The commit the program runs at, where it runs from a checkout."""
    if not (ROOT / ".git").exists():
        return "release"
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return asked.stdout.strip() or "unknown"
