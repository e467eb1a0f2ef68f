"""Request bodies: one strict reading for all of them, and their place in the OpenAPI document."""

import asyncio
import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from api.amounts import Number, read_number
from api.failures import Failure, invalid_body
from api.requests import AnyRequest
from openoutcry.errors import BadAmount

T = TypeVar("T")
READ_TIMEOUT_S = 10.0
PATH = re.compile(r"\$\.([A-Za-z0-9_]+)")
NAMED = re.compile(r"field `([A-Za-z0-9_]+)`")
DECODER = msgspec.json.Decoder(float_hook=Decimal)
PLAIN = msgspec.json.Decoder()
"""For bodies that hold no amounts: numbers with a point are floats."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every request body: unknown fields are refused by name."""


class NoFields(Body, frozen=True, kw_only=True):
    """An empty body."""


async def read_body(request: AnyRequest, shape: type[T], decoder: "msgspec.json.Decoder[Any]" = DECODER) -> T:
    """The request's JSON body as ``shape``. Raises Failure 400, 408, 413 (by Litestar) or 415."""
    return decode_body(await raw_body(request), shape, decoder)


async def raw_body(request: AnyRequest) -> bytes:
    """The bytes of a JSON body. Raises Failure 408, 413 (by Litestar) or 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/json"):
        raise Failure(415, "unsupported media type", details=f"send application/json, not {kind}")
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await request.body()
    except TimeoutError as error:
        raise Failure(408, "the request body did not arrive in time") from error


async def read_object(request: AnyRequest) -> dict[str, Any]:
    """The request's JSON object as plain values, for bodies whose reader is elsewhere. Raises Failure as ``read_body``."""
    raw = await raw_body(request)
    try:
        value = msgspec.json.decode(raw or b"{}")
    except (ValueError, RecursionError) as error:
        raise _unreadable(raw, error) from error
    if not isinstance(value, dict):
        raise invalid_body("the body must be a JSON object")
    return value


def decode_body(raw: bytes, shape: type[T], decoder: "msgspec.json.Decoder[Any]" = DECODER) -> T:
    """Decode strictly; null in an optional field counts as absent. Raises Failure naming the field."""
    try:
        value = decoder.decode(raw or b"{}")
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise _unreadable(raw, error) from error
    if not isinstance(value, dict):
        raise invalid_body("the body must be a JSON object")
    optional = {f.encode_name for f in msgspec.structs.fields(shape) if not f.required}  # type: ignore[arg-type]
    given = {key: item for key, item in value.items() if item is not None or key not in optional}
    try:
        return msgspec.convert(given, shape, strict=True, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error


def _unreadable(raw: bytes, error: Exception) -> Failure:
    """What is wrong with bytes that are no JSON, or hold a number that no float is; then with its field."""
    text = str(error) if isinstance(error, msgspec.DecodeError) else "not readable as JSON"
    if "out of range" not in text:
        return invalid_body(text)
    try:
        value = DECODER.decode(raw)
    except (ValueError, ArithmeticError, RecursionError):
        return invalid_body(text)
    field = _boundless(value, "") or None
    return invalid_body(f"{field}: the number is out of range" if field else text, field)


def _boundless(value: Any, path: str) -> str:
    """Where the first number is that no float is, as ``a.b``; "" where there is none."""
    if isinstance(value, Decimal):
        return path if abs(float(value)) == float("inf") else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = (_boundless(each, f"{path}.{key}" if path else str(key)) for key, each in items)
    return next((one for one in found if one), "")


def _hook(kind: type, value: Any) -> Any:
    if kind is Number:
        try:
            return read_number(value)
        except BadAmount as error:
            raise ValueError(str(error)) from error
    raise TypeError(f"no reading for {kind.__name__}")


def _explain(text: str) -> Failure:
    """Turn msgspec's sentence into ours, with the field."""
    match = PATH.search(text) or NAMED.search(text)
    field = match.group(1) if match else None
    if "missing required field" in text:
        return Failure(
            400,
            "invalid request body",
            code="MISSING_FIELD",
            details=f"{field} is required",
            field=field,
        )
    if "unknown field" in text:
        return invalid_body(f"{field} is not a field of this request", field)
    what = text.partition(" - at")[0]
    return invalid_body(f"{field}: {what}" if field else what, field)


def given(body: Body) -> dict[str, Any]:
    """The fields of a body that were sent; those left out (or null) are None or UNSET by their shape."""
    values = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}
