"""Bar lengths: canonical names, their aliases in client dialects, and time arithmetic on bars."""

from datetime import UTC, datetime, timedelta

from openoutcry.errors import BadTimeframe

SECONDS = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "8h": 28800,
    "12h": 43200,
    "1d": 86400,
}
ALIASES = {
    "1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "60m": "1h", "60min": "1h", "1hr": "1h", "hourly": "1h",
    "2hr": "2h", "240m": "4h", "4hr": "4h", "6hr": "6h", "8hr": "8h", "12hr": "12h", "daily": "1d", "d": "1d", "24h": "1d",
}  # fmt: skip


def parse_timeframe(text: str, *, field: str = "timeframe") -> str:
    """Canonical name of a bar length: ``1H``, ``1HR`` and ``60m`` are all ``1h``. Raises BadTimeframe."""
    name = text.strip().lower() if isinstance(text, str) else ""
    name = ALIASES.get(name, name)
    if name not in SECONDS:
        raise BadTimeframe(f"{field}: unknown timeframe {text!r}; one of {', '.join(SECONDS)}", field=field)
    return name


def bar_length(timeframe: str) -> timedelta:
    """Length of one bar of a canonical timeframe."""
    return timedelta(seconds=SECONDS[timeframe])


def last_close(at: datetime, timeframe: str) -> datetime:
    """Close time of the newest bar that is closed at ``at`` (bars are aligned to the Unix epoch)."""
    seconds = SECONDS[timeframe]
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=UTC)


def millis(at: datetime) -> int:
    """UTC milliseconds of an aware datetime."""
    return int(at.timestamp() * 1000)


def from_millis(value: int) -> datetime:
    """Aware UTC datetime of UTC milliseconds."""
    return datetime.fromtimestamp(value // 1000, tz=UTC).replace(microsecond=value % 1000 * 1000)
