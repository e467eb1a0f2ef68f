"""What a rule says when an order breaks it."""

from dataclasses import dataclass
from decimal import Decimal

from openoutcry.types.amounts import plain


@dataclass(frozen=True, slots=True)
class Breach:
    """The value the rule saw, the limit it broke, and a sentence for a person."""

    value: str
    limit: str
    message: str


def shown(value: Decimal) -> str:
    """A figure for a message: plain, with at most eight decimals."""
    return plain(round(value, 8))
