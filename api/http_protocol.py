"""uvicorn's HTTP with bounds on a request's head, and JSON for what is no HTTP at all."""

import asyncio
import secrets
from functools import partial

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.encoding import encode
from api.failures import Failure, envelope
from api.hung_up import HUNG_UP, hung_up

MAX_URL = 8 * 1024
MAX_HEAD = 32 * 1024
SEPARATORS = 4
HEAD_WITHIN_S = 10.0
"""From a connection's, or a request's, beginning until its headers are complete."""
REASONS = {400: "Bad Request", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class HeadRefused(Exception):
    """Raised inside the parser to stop it."""


class FloorHttp(HttpToolsProtocol):
    """Closes connections that dawdle over a head, and refuses heads that are too large."""

    _patience: asyncio.TimerHandle | None = None
    _in_head = True
    _waiting_bytes = 0
    _head_bytes = 0
    _refusal: Failure | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True
        if self._patience is not None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL:
            self._stop(Failure(414, "URL too long", details=f"at most {MAX_URL} bytes"))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value) + SEPARATORS
        if self._head_bytes > MAX_HEAD:
            self._stop(_head_too_large())

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_is_there()
        self.scope["state"][HUNG_UP] = partial(hung_up, self.transport)
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._patience is None:  # most heads come whole, and need no clock
            self._await_head()
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_HEAD + MAX_URL:  # one header that never ends
            self._refusal = _head_too_large()
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot become a request, and close."""
        failure = self._refusal or Failure(400, "malformed HTTP request", code="MALFORMED_REQUEST")
        correlation = secrets.token_hex(16)
        body = encode(envelope(failure, correlation))
        head = (
            f"HTTP/1.1 {failure.status} {REASONS[failure.status]}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"x-correlation-id: {correlation}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _stop(self, failure: Failure) -> None:
        self._refusal = failure
        raise HeadRefused

    def _await_head(self) -> None:
        self._head_is_there()
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self.transport.abort)

    def _head_is_there(self) -> None:
        self._waiting_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _head_too_large() -> Failure:
    return Failure(431, "request headers too large", details=f"at most {MAX_HEAD} bytes")
