"""The fear & greed index as days and values: alternative.me's JSON, or CSV with a date and a value in each line."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

from openoutcry.errors import BadInput

LARGEST = 1_000_000
LABELS = ((25, "extreme fear"), (46, "fear"), (55, "neutral"), (76, "greed"), (101, "extreme greed"))


def label(value: int) -> str:
    """The index's own words for a value."""
    return next(name for below, name in LABELS if value < below)


def parse_fear_greed(data: bytes) -> dict[date, int]:
    """Value by UTC day. Raises BadInput for what is neither; a line that is none is left out."""
    if len(data) > LARGEST:
        raise BadInput(f"fear & greed: larger than {LARGEST} bytes", field="fear_greed")
    try:
        text = data.decode("utf-8-sig")
        rows = _json(text) if text.lstrip().startswith("{") else _csv(text)
    except (UnicodeDecodeError, ValueError, RecursionError, csv.Error, AttributeError, TypeError):
        raise BadInput("fear & greed: neither its JSON nor CSV", field="fear_greed") from None
    found = dict(known for row in rows if (known := _day(*row)) is not None)
    if not found:
        raise BadInput("fear & greed: no day with a value from 0 to 100", field="fear_greed")
    return found


def _json(text: str) -> list[tuple[Any, Any]]:
    return [
        (row.get("timestamp"), row.get("value")) for row in json.loads(text)["data"] if isinstance(row, dict)
    ]


def _csv(text: str) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in csv.reader(io.StringIO(text)) if len(row) >= 2]


def _day(when: Any, value: Any) -> tuple[date, int] | None:
    try:
        told = str(when)
        day = (
            datetime.fromtimestamp(int(told), tz=UTC).date()
            if told.isdigit()
            else date.fromisoformat(told[:10])
        )
        number = int(value)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return (day, number) if 0 <= number <= 100 else None
