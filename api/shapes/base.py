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
    return Decimal(plain(value)) if isinstance(value, Decimal) else value


def shaped(row: Mapping[str, Any], shape: type[S], **more: Any) -> S:
    """The row's columns (and ``more``) that the shape names; the rest is left out."""
    values = {**row, **more}
    return shape(**{name: tidy(values[name]) for name in shape.__struct_fields__ if name in values})


def converted(values: Mapping[str, Any], shape: type[S], **more: Any) -> S:
    """The same for JSON-like values: text is read as the UUID, time or amount that the shape wants."""
    wanted = {
        name: tidy(value) for name, value in {**values, **more}.items() if name in shape.__struct_fields__
    }
    return msgspec.convert(wanted, shape, strict=False)
