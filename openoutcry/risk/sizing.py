"""How much to enter: what the stop may lose, what one position may be, what the voices say, what the book can
pay.

    base       smaller of  risk_per_trade x equity / distance to the stop
                      and  the room left under max_position_size
    wanted     base x size_factor x (0.5 + 0.5 x confidence) quantity   wanted, at most what free cash, gross
    exposure and max_order_notional leave, floored to the step

The risk voice's factor and the confidence work on the position limit as well as on the stop's risk, so that a
REDUCE always makes the position smaller. All room is counted net of the costs of getting in, exactly as the
gate counts it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.risk.exposure import Funds, cost_rate, fraction, is_perp, value_of
from openoutcry.risk.levels import Levels
from openoutcry.risk.limits import worst_values
from openoutcry.risk.standing import EMPTY, Standing
from openoutcry.settings import Settings
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.market import Instrument

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Room:
    """Most that may be added in one symbol, in quote units, by the limit that says so."""

    max_position_size: Decimal
    max_gross_exposure: Decimal
    cash: Decimal
    max_order_notional: Decimal

    @property
    def least(self) -> tuple[Decimal, str]:
        """The tightest limit and its name."""
        return min((getattr(self, name), name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Sized:
    """A quantity (0 with a ``reason`` when there is nothing to do), and what bound it."""

    quantity: Decimal
    bound: str = ""
    reason: str | None = None


def room(
    symbol: str, held: Mapping[str, Standing], funds: Funds, prices: Mapping[str, Decimal], settings: Settings
) -> Room:
    """What a market order that adds to ``symbol`` may be worth. Raises DataUnavailable without a price for
    what is held.
    """
    risk, rate = settings.risk, cost_rate(symbol, settings)
    equity = funds.spendable
    own = value_of(held.get(symbol, EMPTY).worst, prices, symbol)
    gross = sum(worst_values(held, prices).values(), ZERO)
    position, exposure = fraction(risk.max_position_size), fraction(risk.max_gross_exposure)
    claim = fraction(risk.perp_margin) if is_perp(symbol) else Decimal(1)
    return Room(
        max_position_size=(position * equity - own) / (1 + position * rate),
        max_gross_exposure=(exposure * equity - gross) / (1 + exposure * rate),
        cash=funds.free / (claim + rate),
        max_order_notional=risk.max_order_notional,
    )


def size_entry(
    *,
    price: Decimal,
    levels: Levels,
    confidence: float,
    size_factor: float,
    equity: Decimal,
    room: Room,
    settings: Settings,
    instrument: Instrument,
) -> Sized:
    """The entry quantity by the rule above."""
    distance = abs(price - levels.stop_loss)
    by_risk = fraction(settings.risk.risk_per_trade) * equity / distance * price
    base, bound = min((by_risk, "risk_per_trade"), (room.max_position_size, "max_position_size"))
    wanted = base * fraction(size_factor) * (1 + fraction(confidence)) / 2
    if wanted <= 0:
        reason = "the risk voice allows no size" if size_factor == 0 else f"no room under {bound}"
        return Sized(ZERO, bound, reason)
    least, name = room.least
    if least < wanted:
        wanted, bound = least, name
    quantity = floor_to_step(max(ZERO, wanted) / price, instrument.quantity_step)
    if quantity == 0 or quantity * price < instrument.min_notional:
        return Sized(
            ZERO, bound, f"{bound} leaves less than the venue's least order of {instrument.min_notional:f}"
        )
    return Sized(quantity, bound)
