"""Stretches an exchange was asked for and does not have (outages, times before a listing): remembered, not asked again.

``.absent.json`` beside the month files. It is advice only: deleting it costs the next sync a few questions.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from db.candles.errors import CandleFileBroken
from db.candles.lock import exclusive
from openoutcry.market.spans import Span, minus, union
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import from_millis, millis

NAME = ".absent.json"
LOCK_TIMEOUT_S = 30.0


class Absence(Frozen):
    """Nothing exists at ``start <= t < end``, the exchange said at ``asked_at``."""

    start: AwareDatetime
    end: AwareDatetime
    asked_at: AwareDatetime

    @property
    def span(self) -> Span:
        """The same in milliseconds."""
        return Span(millis(self.start), millis(self.end))


RECORDS = TypeAdapter(tuple[Absence, ...])


def absences(folder: Path) -> tuple[Absence, ...]:
    """What is remembered of a series' folder, ascending. Raises CandleFileBroken for a file that cannot be read."""
    path = folder / NAME
    try:
        return RECORDS.validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (ValidationError, ValueError) as error:
        raise CandleFileBroken(path, "does not list stretches of time") from error


def remember(folder: Path, found: Iterable[Span], asked_at: datetime) -> None:
    """Add stretches, in one step."""
    new = union(found)
    if not new:
        return
    with exclusive(folder, LOCK_TIMEOUT_S):
        known = absences(folder)
        fresh = minus(new, [one.span for one in known])
        added = (
            Absence(start=from_millis(span.start), end=from_millis(span.end), asked_at=asked_at)
            for span in fresh
        )
        _write(folder, sorted((*known, *added), key=lambda one: one.start))


def forget(folder: Path, bounds: Span) -> None:
    """Drop what is remembered of a stretch, in one step."""
    if not (folder / NAME).exists():
        return
    with exclusive(folder, LOCK_TIMEOUT_S):
        kept = [
            one.model_copy(update={"start": from_millis(part.start), "end": from_millis(part.end)})
            for one in absences(folder)
            for part in minus([one.span], [bounds])
        ]
        _write(folder, kept)


def _write(folder: Path, records: Iterable[Absence]) -> None:
    path, fresh = folder / NAME, folder / f"{NAME}.new"
    rows = [one.model_dump(mode="json") for one in records]
    with fresh.open("w", encoding="utf-8") as sink:
        sink.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
        sink.flush()
        os.fsync(sink.fileno())
    fresh.replace(path)
