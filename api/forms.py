"""Form bodies, as OAuth2 sends them: every field once, nothing unknown."""

import asyncio
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from api.bodies import READ_TIMEOUT_S, decode_body
from api.failures import Failure, invalid_body
from api.requests import AnyRequest

T = TypeVar("T", bound=msgspec.Struct)
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


async def read_form(request: AnyRequest, shape: type[T]) -> T:
    """The request's form as ``shape``. Raises Failure 400, 408, 413 (by Litestar) or 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Failure(415, "unsupported media type", details=f"send {FORM}, not {kind or 'nothing'}")
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            raw = await request.body()
    except TimeoutError as error:
        raise Failure(408, "the request body did not arrive in time") from error
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise invalid_body("not readable as a form") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        name = next(key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1)
        raise invalid_body(f"{name} is given twice", name)
    return decode_body(msgspec.json.encode(given), shape)
