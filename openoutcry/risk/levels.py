"""Where a position's protection sits: a stop and a target, each on its right side of the price."""

from dataclasses import dataclass
from decimal import Decimal

from openoutcry.risk.exposure import fraction
from openoutcry.settings import RiskSettings
from openoutcry.types.amounts import round_to_tick
from openoutcry.types.book import PositionSide


@dataclass(frozen=True, slots=True)
class Levels:
    """Stop and target price of one position."""

    stop_loss: Decimal
    take_profit: Decimal


def levels(
    side: PositionSide,
    price: Decimal,
    tick: Decimal,
    risk: RiskSettings,
    *,
    stop_loss: Decimal | None = None,
    take_profit: Decimal | None = None,
) -> Levels | None:
    """Protection of a position entered at ``price``, rounded to ticks.

    A wanted level that is missing or on the wrong side gives way to the default fraction of the price. None
    when the tick is too coarse to put a stop between zero and the price, or beside it.
    """
    below = Decimal(-1) if side == "LONG" else Decimal(1)
    stop = _level(price, below, stop_loss, fraction(risk.default_stop_loss), tick)
    target = _level(price, -below, take_profit, fraction(risk.default_take_profit), tick)
    if stop is None or target is None:
        return None
    return Levels(stop, target)


def _level(
    price: Decimal, away: Decimal, wanted: Decimal | None, default: Decimal, tick: Decimal
) -> Decimal | None:
    """``away`` is -1 for a level below the price, +1 above. A short's target of 100 % or more ends one
    tick above 0.
    """
    for candidate in (wanted, price * (1 + away * default)):
        if candidate is None:
            continue
        level = max(round_to_tick(candidate, tick), tick)
        if (level - price) * away > 0:
            return level
    return None
