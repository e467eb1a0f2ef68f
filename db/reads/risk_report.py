"""The whole risk report: what can be told is told, and what cannot says why."""

from collections.abc import Callable, Sequence
from typing import Any

from db.candles import CandleReader
from db.reads.risk_figures import concentration_of, market_figures
from openoutcry.errors import DataUnavailable
from openoutcry.portfolio import mark
from openoutcry.risk.seen import Seen, together
from openoutcry.risk.shapes import (
    concentration_shape,
    exposure_shape,
    futures_shape,
    limits_shape,
    metrics_shape,
    position_metrics_shape,
    spot_shape,
    stress_shape,
    uses_shape,
)
from openoutcry.risk.stress import stress


def risk_report(reader: CandleReader, sessions: Sequence[Seen]) -> dict[str, Any]:
    """Account, positions, exposure, figures, limits, concentration and stress, at the newest session's time."""
    portfolio, prices = together(sessions)
    equity = mark(portfolio, prices).equity
    parts: dict[str, Callable[[], Any]] = {
        "exposure": lambda: exposure_shape(sessions),
        "metrics": lambda: metrics_shape(market_figures(reader, sessions[0])),
        "limits": lambda: limits_shape(sessions),
        "used": lambda: uses_shape(sessions),
        "spot": lambda: spot_shape(sessions),
        "futures": lambda: futures_shape(sessions),
        "hedges": lambda: position_metrics_shape(sessions),
        "concentration": lambda: concentration_shape(concentration_of(reader, sessions)),
        "stress": lambda: stress_shape(stress(portfolio, prices), equity),
    }
    return {
        "as_of": max(seen.book.as_of for seen in sessions).isoformat(),
        "source": sessions[0].book.source,
        "stale": any(seen.stale for seen in sessions),
        "equity": float(equity),
        "cash": float(portfolio.cash),
        **{name: _told(part) for name, part in parts.items()},
    }


def _told(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except DataUnavailable as error:
        return {"unavailable": str(error)}
