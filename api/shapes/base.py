"""How a row becomes a noun of the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from openoutcry.types.amounts import plain


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every answer; every field is always present."""


S = TypeVar("S", bound=Shape)


def tidy(value: Any) -> Any:
    """A Decimal without trailing zeros or exponent (``1E+4`` and ``10000.00`` are ``10000``); others as they are."""
    if not isinstance(value, Decimal):
        return value
    text = str(value)
    if "E" not in text and ("." not in text or text[-1] not in "0.") and text != "-0":
        return value  # as almost all of them are
    return Decimal(plain(value))


def shaped(row: Mapping[str, Any], shape: type[S], **more: Any) -> S:
    """The row's columns (and ``more``) that the shape names; the rest is left out."""
    values = dict(row)
    values.update(more)
    fields = shape.__struct_fields__
    if len(values) > len(fields) or not values.keys() <= set(fields):
        values = {name: values[name] for name in fields if name in values}
    for name, value in values.items():
        if type(value) is Decimal:
            values[name] = tidy(value)
    return shape(**values)


def converted(values: Mapping[str, Any], shape: type[S], **more: Any) -> S:
    """The same for JSON-like values: text is read as the UUID, time or amount that the shape wants."""
    wanted = {
        name: tidy(value) for name, value in {**values, **more}.items() if name in shape.__struct_fields__
    }
    return msgspec.convert(wanted, shape, strict=False)
