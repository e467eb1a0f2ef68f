"""What a book is worth and what it ties up: worst-case values and cash at the last good prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.errors import DataUnavailable
from openoutcry.portfolio import lost, mark
from openoutcry.risk.standing import Standing, remaining
from openoutcry.settings import Settings, VenueSettings
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import OrderRequest, WorkingOrder
from openoutcry.types.symbols import parse_symbol

BPS = Decimal(10_000)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Funds:
    """Money, in the quote asset. ``free`` is cash nothing has a claim on; ``costs`` what open orders will
    cost in fees.

    ``drawdown`` and ``daily_loss`` are fractions lost since the highest equity and since the day's first.
    """

    equity: Decimal
    free: Decimal
    costs: Decimal
    drawdown: Decimal
    daily_loss: Decimal

    @property
    def spendable(self) -> Decimal:
        """Equity when open orders have paid their costs: what sizes are shares of."""
        return self.equity - self.costs


def is_perp(symbol: str) -> bool:
    """Whether a canonical symbol is a perpetual."""
    return parse_symbol(symbol).kind == "perp"


def fraction(value: float) -> Decimal:
    """A limit as the Decimal it is written as: 0.2 → Decimal("0.2")."""
    return Decimal(repr(value))


def cost_rate(symbol: str, settings: Settings) -> Decimal:
    """Most that an execution may cost per unit of notional: taker fee, half spread, slippage and the cash
    buffer.
    """
    venue: VenueSettings = settings.venue
    fee = venue.perp_taker_fee_bps if is_perp(symbol) else venue.taker_fee_bps
    return (fee + venue.half_spread_bps + venue.slippage_bps) / BPS + fraction(settings.risk.cash_buffer)


def worth(request: OrderRequest, price: Decimal | None) -> Decimal | None:
    """The price an order is valued at: the highest of the last good one and its own; None when there is
    neither.
    """
    return max((p for p in (price, request.price, request.stop_price) if p is not None), default=None)


def funds(
    portfolio: Portfolio,
    working: tuple[WorkingOrder, ...],
    held: Mapping[str, Standing],
    prices: Mapping[str, Decimal],
    settings: Settings,
) -> Funds:
    """Equity and free cash. Cash is claimed by open spot buys with their costs, and by the margin of
    perpetuals.

    Raises DataUnavailable when a symbol that is held or on order has no price.
    """
    equity = mark(portfolio, prices).equity
    peak, start = max(portfolio.peak_equity, equity), portfolio.day_start_equity
    spot = sum((value_of(s.net, prices, name) for name, s in held.items() if not is_perp(name)), ZERO)
    margin = fraction(settings.risk.perp_margin)
    tied = sum((value_of(s.worst, prices, name) for name, s in held.items() if is_perp(name)), ZERO) * margin
    buys, costs = ZERO, ZERO
    for order in working:
        request = order.request
        if request.reduce_only:
            continue
        notional = remaining(order) * (worth(request, prices.get(request.symbol)) or ZERO)
        costs += notional * cost_rate(request.symbol, settings)
        if request.side == "BUY" and not is_perp(request.symbol):
            buys += notional
    return Funds(
        equity=equity,
        free=equity - spot - tied - buys - costs,
        costs=costs,
        drawdown=lost(peak, equity),
        daily_loss=lost(start, equity),
    )


def value_of(quantity: Decimal, prices: Mapping[str, Decimal], symbol: str) -> Decimal:
    """Quantity at the symbol's price. Raises DataUnavailable when there is a quantity and no price."""
    if quantity == 0:
        return ZERO
    if symbol not in prices:
        raise DataUnavailable(f"{symbol}: no price to value a position or an open order at")
    return quantity * prices[symbol]
