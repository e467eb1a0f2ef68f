"""Numbers in: finite, plain, bounded decimals, as JSON numbers or strings."""

from decimal import Decimal
from typing import Any

from openoutcry.errors import BadAmount
from openoutcry.types.amounts import parse_amount

MAX_EXPONENT = 18


class Number(Decimal):
    """A Decimal that came through ``read_number``: the type of every amount in a request body."""


def read_number(value: Any, *, field: str | None = None) -> Number:
    """A JSON number (an exponent is fine) or a plain decimal string, of at most 18+18 digits. Raises BadAmount."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > MAX_EXPONENT:
        raise BadAmount("must have at most 18 digits before and 18 after the point", field=field)
    return Number(parse_amount(value, field=field))
