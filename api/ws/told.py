"""An event as the hub hands it on: its text, and what of it a client may choose by."""

import struct
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from api.ws.envelope import frame

FINAL_TEXT = 0x81


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
    wire: bytes = b""
    """The text as a WebSocket frame: a server's frames are not masked, so all clients get the same bytes."""


def tell(row: Event) -> Told:
    """An event's frame, made once for all who hear it."""
    text = frame(row.type, row.at, row.data, row.seq)
    return Told(row.seq, row.type, row.data.get("symbol"), row.data.get("session_id"), text, text_frame(text))


def text_frame(text: str) -> bytes:
    """A whole, unmasked text frame (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((FINAL_TEXT, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", FINAL_TEXT, 126, size) + payload
    return struct.pack("!BBQ", FINAL_TEXT, 127, size) + payload
