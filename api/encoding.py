"""JSON out: Decimals as plain JSON numbers without float noise, aware UTC times as RFC 3339 with ``Z``."""

from typing import Any

import msgspec
from litestar import Response
from litestar.types import Serializer

ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON bytes of structs, dicts, Decimals, UUIDs and datetimes. A NaN float becomes null."""
    return ENCODER.encode(value)


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is not written to JSON")


class Answer(Response[Any]):
    """The response class of every route."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = _refuse) -> bytes:
        """Bytes and text as they are; everything else by our encoder."""
        if isinstance(content, bytes):
            return content
        if isinstance(content, str) and not media_type.startswith("application/json"):
            return content.encode()
        return encode(content)
