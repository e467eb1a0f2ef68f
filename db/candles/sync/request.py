"""What a sync is asked for: checked once, wherever it comes from."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from openoutcry.errors import BadInput
from openoutcry.market.rows import FIRST_MS
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import from_millis, parse_timeframe

MOST_SYMBOLS = 200


class SyncRequest(Frozen):
    """What to bring up to date. Without ``start`` from the first stored bar, or a year back; without ``end`` to now."""

    exchange: str
    symbols: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_SYMBOLS)]
    timeframe: str = "1h"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    force_refresh: bool = False
    funding: bool = False

    @field_validator("symbols")
    @classmethod
    def _known_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(canonical(symbol, field="symbols") for symbol in symbols))

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, timeframe: str) -> str:
        return parse_timeframe(timeframe)

    @classmethod
    def asked(cls, **fields: Any) -> "SyncRequest":
        """From values of any origin. Raises BadInput naming the field."""
        try:
            return cls(**fields)
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0]) if first["loc"] else None
            raise BadInput(f"{field}: {first['msg']}", field=field) from error

    def check_times(self, now: datetime, *, names: tuple[str, str] = ("start", "end")) -> None:
        """Raise BadInput naming the field (``names`` of start and end) whose time can hold no closed bar."""
        tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        for name, at in zip(names, (self.start, self.end), strict=True):
            if at is not None and at > (now if at is self.start else tomorrow):
                raise BadInput(f"{name}: {at:%Y-%m-%d %H:%M} lies in the future", field=name)
            if at is not None and at < from_millis(FIRST_MS):
                raise BadInput(f"{name}: {at:%Y-%m-%d} is before 2009; nothing was traded then", field=name)
        if self.start and self.end and self.start >= self.end:
            raise BadInput(f"{names[0]}: must be before {names[1]}", field=names[0])
