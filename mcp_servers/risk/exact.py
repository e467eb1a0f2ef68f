"""Amounts as arguments: plain decimal strings, or JSON numbers for convenience."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from openoutcry.errors import BadAmount
from openoutcry.types.amounts import parse_amount


def _parsed(value: object) -> Decimal:
    try:
        return parse_amount(value)
    except BadAmount as error:
        raise ValueError(str(error)) from error


Money = Annotated[
    Decimal,
    BeforeValidator(_parsed),
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,18}(\.[0-9]{1,18})?$"},
                {"type": "number", "exclusiveMinimum": 0},
            ]
        }
    ),
]
"""A positive Decimal."""
