"""JSON out: Decimals as plain JSON numbers without float noise, aware UTC times as RFC 3339 with ``Z``."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send, Serializer

T = TypeVar("T")
JSON = "application/json"


def _plainly(value: Any) -> Decimal:
    if isinstance(value, Decimal):  # a subclass, such as an amount just read
        return Decimal(value)
    raise TypeError(f"{type(value).__name__} is not written to JSON")


ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_plainly)


def encode(value: Any) -> bytes:
    """JSON bytes of structs, dicts, Decimals, UUIDs and datetimes. A NaN float becomes null."""
    return ENCODER.encode(value)


class Answer(Response[T]):
    """The response class of every route."""

    def __init__(
        self,
        content: T,
        *,
        headers: Any = None,
        media_type: Any = None,
        status_code: int | None = None,
        **more: Any,
    ) -> None:
        """A value, and what is to be said beside it; ``more`` as litestar has it."""
        if headers or any(more.values()):
            super().__init__(content, headers=headers, media_type=media_type, status_code=status_code, **more)
            return
        # Most answers say nothing beside: the same, without asking what kind of nothing each is.
        self.content = content
        self.background = None
        self.cookies = []
        self.encoding = "utf-8"
        self.headers = {}
        self.media_type = media_type
        self.status_code = status_code
        self.response_type_encoders = {}

    def to_asgi_response(
        self,
        app: Any,
        request: Any,
        *,
        headers: dict[str, str] | None = None,
        cookies: Iterable[Any] | None = None,
        media_type: Any = None,
        status_code: int | None = None,
        **more: Any,
    ) -> ASGIResponse:
        """As litestar makes it, and at a fraction of the price where there is only JSON to send."""
        status = self.status_code or status_code or 200
        if (
            status in PLAIN
            and (self.media_type or media_type or JSON) == JSON
            and not (self.headers or self.cookies or headers or cookies or self.background)
            and not (more.get("background") or more.get("is_head_response"))
        ):
            return PlainJson(status, self.render(self.content, JSON))
        return super().to_asgi_response(
            app,
            request,
            headers=headers,
            cookies=cookies,
            media_type=media_type,
            status_code=status_code,
            **more,
        )

    def render(self, content: Any, media_type: str, enc_hook: Serializer = _plainly) -> bytes:
        """Bytes and text as they are; everything else by our encoder."""
        if isinstance(content, bytes):
            return content
        if isinstance(content, str) and not media_type.startswith("application/json"):
            return content.encode()
        return encode(content)


PLAIN = frozenset({200, 201, 202})
"""Statuses of answers that have a body."""


class PlainJson(ASGIResponse):
    """A body of JSON, its type and its length."""

    def __init__(self, status_code: int, body: bytes) -> None:
        self.status_code = status_code
        self.body = body

    def encode_headers(self) -> list[tuple[bytes, bytes]]:
        """Those two."""
        return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.encode_headers()}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
