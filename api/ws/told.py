"""An event as the hub hands it on: its text, and what of it a client may choose by."""

from datetime import datetime
from typing import Any, NamedTuple, Protocol

from api.ws.envelope import frame


class Event(Protocol):
    """A row of the table ``events``."""

    @property
    def seq(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


class Told(NamedTuple):
    """``symbol`` and ``session_id`` are None where the event concerns none."""

    seq: int
    type: str
    symbol: str | None
    session_id: str | None
    text: str


def tell(row: Event) -> Told:
    """An event's frame, made once for all who hear it."""
    text = frame(row.type, row.at, row.data, row.seq)
    return Told(row.seq, row.type, row.data.get("symbol"), row.data.get("session_id"), text)
