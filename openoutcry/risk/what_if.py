"""Limits of a list of positions before and after one trade, without a session behind them."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.risk.limits import LimitUse

ZERO = Decimal(0)
Pair = tuple[LimitUse, LimitUse]
"""A limit before and after the trade."""


def traded(values: Mapping[str, Decimal], symbol: str, change: Decimal) -> dict[str, Decimal]:
    """Signed values by symbol after ``change`` (quote units, negative = sold) in one of them."""
    return {**values, symbol: values.get(symbol, ZERO) + change}


def exposure_of(values: Mapping[str, Decimal]) -> Decimal:
    """Longs and shorts added up."""
    return sum((abs(value) for value in values.values()), ZERO)


def value_limits(
    before: Mapping[str, Decimal],
    after: Mapping[str, Decimal],
    *,
    max_exposure: Decimal | None,
    max_concentration: Decimal | None,
) -> tuple[Pair, ...]:
    """Total exposure in quote units, and the largest position's share of it; only the limits that are
    given.
    """
    pairs: list[Pair] = []
    if max_exposure is not None:
        now, then = (LimitUse("max_exposure", exposure_of(v), max_exposure) for v in (before, after))
        pairs.append((now, then))
    if max_concentration is not None:
        now, then = (LimitUse("max_concentration", _largest(v), max_concentration) for v in (before, after))
        pairs.append((now, then))
    return tuple(pairs)


def _largest(values: Mapping[str, Decimal]) -> Decimal:
    total = exposure_of(values)
    return max(abs(value) for value in values.values()) / total if total > 0 else ZERO
