"""The breaker: a loss limit that was reached stays reached until a person resets it, whatever the market does next."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from openoutcry.risk.limits import LimitUse
from openoutcry.types.amounts import plain
from openoutcry.types.book import Portfolio
from openoutcry.types.frozen import Frozen


class Latch(Frozen):
    """A loss limit as it was when it was reached: in which record, and when on the market's clock."""

    value: str
    limit: str
    seq: int
    as_of: datetime


def latched(
    before: Mapping[str, Latch], uses: Iterable[LimitUse], seq: int, as_of: datetime
) -> dict[str, Latch]:
    """The latches after looking at these uses of loss limits, by rule."""
    fresh = {
        use.rule: Latch(value=plain(use.value), limit=plain(use.limit), seq=seq, as_of=as_of)
        for use in uses
        if use.breached
    }
    return {**fresh, **before}


def rebased(portfolio: Portfolio, equity: object) -> Portfolio:
    """The portfolio with losses counted from ``equity`` on: what a reset accepts as lost."""
    return portfolio.model_copy(update={"peak_equity": equity, "day_start_equity": equity})
