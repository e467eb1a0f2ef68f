"""Money and quantities: Decimal, parsed strictly, written plainly.

Decimal accepts ``NaN``, ``1e400``, ``1_000`` and digits of other scripts; an order book must not.
"""

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from openoutcry.errors import BadAmount

PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
MAX_DIGITS = 36


def parse_amount(value: Any, *, field: str | None = None) -> Decimal:
    """Read a finite plain decimal: at most 18 digits before and 18 after the point, no exponent, sign ``-`` only.

    ``int`` and ``Decimal`` are taken as they are when they fit; ``float`` through its shortest repr.
    Raises BadAmount naming ``field``.
    """
    where = f"{field}: " if field else ""
    if isinstance(value, bool) or value is None:
        raise BadAmount(f"{where}not a number", field=field)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise BadAmount(f"{where}must be finite", field=field)
        text = format(value, "f")
    elif isinstance(value, int):
        text = str(value)
    elif isinstance(value, float):
        text = format(Decimal(repr(value)), "f") if value == value and abs(value) < 1e18 else "overflow"
    elif isinstance(value, str):
        text = value
    else:
        raise BadAmount(f"{where}not a number", field=field)
    if not PLAIN.fullmatch(text):
        raise BadAmount(f"{where}must be a finite plain decimal of at most 18+18 digits", field=field)
    return Decimal(text)


def plain(value: Decimal) -> str:
    """Write a Decimal without exponent, trailing zeros or a negative zero: ``1.50`` → ``1.5``, ``-0`` → ``0``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """Largest multiple of ``step`` whose magnitude is at most ``value``'s; ``step`` must be positive."""
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


def round_to_tick(value: Decimal, tick: Decimal) -> Decimal:
    """Nearest multiple of ``tick``, ties to even."""
    return (value / tick).to_integral_value(rounding=ROUND_HALF_EVEN) * tick


def cents(value: Decimal, places: int = 8) -> Decimal:
    """Round a money amount to ``places`` decimals (ties to even): the smallest unit the books keep."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _validate(value: Any) -> Decimal:
    try:
        return parse_amount(value)
    except BadAmount as error:
        raise ValueError(str(error)) from error


Amount = Annotated[Decimal, BeforeValidator(_validate), PlainSerializer(plain, return_type=str)]
"""A Decimal on the wire as a plain string."""
PositiveAmount = Annotated[Amount, Field(gt=0)]
