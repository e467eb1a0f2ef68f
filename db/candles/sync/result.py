"""How a sync ended, series by series."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from db.candles.months import FUNDING_STEP_MS
from db.candles.series import FundingSeries, Series
from db.candles.sync.filling import Filled
from db.candles.sync.repairing import Repaired
from openoutcry.market.spans import Span, total
from openoutcry.types.timeframes import from_millis

SHOWN = 10


@dataclass(frozen=True, slots=True)
class SeriesDone:
    """One series of a requested symbol and what was done to it; ``error`` says why not all of it."""

    asked: str
    series: Series | FundingSeries
    filled: Filled = field(default_factory=Filled)
    repaired: tuple[Repaired, ...] = ()
    error: str | None = None
    misasked: bool = False
    """The error is in the request: asking again cannot help."""

    @property
    def new_rows(self) -> int:
        """Rows that were not stored, or only in a file that could not be read."""
        return self.filled.merge.added + sum(one.rows for one in self.repaired)

    def body(self) -> dict[str, Any]:
        """For programs."""
        filled, step = self.filled, _step(self.series)
        refused = [
            {"at": from_millis(row.at_ms).isoformat(), "reason": row.reason} for row in filled.refused[:SHOWN]
        ]
        return {
            "symbol": self.series.symbol,
            "timeframe": self.series.timeframe if isinstance(self.series, Series) else "funding",
            "new_rows": self.new_rows,
            "replaced_rows": filled.merge.replaced,
            "changed": [str(change) for change in filled.changes[:SHOWN]],
            "refused_rows": len(filled.refused),
            "refused": refused,
            "absent_rows": total(filled.absent) // step,
            "absent": [times(span) for span in filled.absent[:SHOWN]],
            "repaired": [str(one.damage.path) for one in self.repaired if not one.error],
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How a sync ended: ``completed``, ``partial`` when some of it failed, ``failed`` when nothing came of it."""

    status: Literal["completed", "partial", "failed"]
    done: tuple[SeriesDone, ...]

    @property
    def symbols_synced(self) -> int:
        """Requested symbols of which nothing failed."""
        return len({one.asked for one in self.done} - {one.asked for one in self.done if one.error})

    @property
    def misasked(self) -> bool:
        """Nothing came of it, and nothing would if it were asked again."""
        return self.status == "failed" and all(one.misasked for one in self.done)

    def body(self, took_s: float, completed_at: datetime) -> dict[str, Any]:
        """The documented answer, with what became of each series."""
        return {
            "status": self.status,
            "symbols_synced": self.symbols_synced,
            "new_rows": sum(one.new_rows for one in self.done),
            "sync_duration_ms": round(took_s * 1000),
            "completed_at": f"{completed_at:%Y-%m-%dT%H:%M:%SZ}",
            "errors": {_name(one.series): one.error for one in self.done if one.error},
            "series": [one.body() for one in self.done],
        }


def _name(series: Series | FundingSeries) -> str:
    return series.symbol if isinstance(series, Series) else f"{series.symbol} funding"


def times(span: Span) -> str:
    """A stretch for people."""
    return f"{from_millis(span.start):%Y-%m-%d %H:%M} to {from_millis(span.end):%Y-%m-%d %H:%M}"


def _step(series: Series | FundingSeries) -> int:
    return series.bar_ms if isinstance(series, Series) else FUNDING_STEP_MS
