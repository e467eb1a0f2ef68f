"""JSON out: Decimals as plain JSON numbers without float noise, aware UTC times as RFC 3339 with ``Z``."""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from litestar import Response
from litestar.types import Serializer

T = TypeVar("T")


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

    def render(self, content: Any, media_type: str, enc_hook: Serializer = _plainly) -> bytes:
        """Bytes and text as they are; everything else by our encoder."""
        if isinstance(content, bytes):
            return content
        if isinstance(content, str) and not media_type.startswith("application/json"):
            return content.encode()
        return encode(content)
