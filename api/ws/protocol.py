"""uvicorn's WebSocket with what ASGI cannot say: a close, and a write, that wait for nobody."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

MAX_FRAME = 512
PING_INTERVAL_S = 54.0
PONG_WITHIN_S = 6.0
"""After a ping; with the interval that makes 60 s since the last pong."""
WRITE_TIMEOUT_S = 10.0
KERNEL_BUFFER = 128 * 1024
CLOSE_NOW = "openoutcry.close_now"
WRITE_NOW = "openoutcry.write_now"


class FloorSocket(WebSocketsSansIOProtocol):
    """``close_now(code, reason)`` and ``write_now(frame)`` in the scope's extensions; a bounded send buffer of the kernel."""

    write_s = WRITE_TIMEOUT_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            extensions: Any = self.scope["extensions"]
            extensions[CLOSE_NOW] = self.close_now
            extensions[WRITE_NOW] = self.write_now

    def write_now(self, frame: bytes) -> bool:
        """Write a whole frame; False while the client does not take more, or is gone."""
        if self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def close_now(self, code: int, reason: str) -> None:
        """Queue a close frame behind what the client has not read; drop the connection if it never does."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.transport.close()
        self.loop.call_later(self.write_s, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(self.write_s, self.transport.abort)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a connection is asked whether it lives, how long it may take to say so, and to take a frame. In seconds."""

    ping_s: float = PING_INTERVAL_S
    pong_s: float = PONG_WITHIN_S
    write_s: float = WRITE_TIMEOUT_S

    def protocol(self) -> type[FloorSocket]:
        """The socket's class at this pace."""
        return type("PacedSocket", (FloorSocket,), {"write_s": self.write_s})


STEADY = Heartbeat()
