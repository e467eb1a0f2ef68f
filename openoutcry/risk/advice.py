"""How much of an asset a person might buy, where its protection would sit, and what the gate would let through.

    stop loss     price - 2 x ATR(14) of the last 30 daily candles; take profit price + 3 x ATR(14)
    recommended   the smallest of: adaptive Kelly (kelly.py) x equity; risk_per_trade x equity over the share of the
                  price that lies above the stop; and the largest
    largest       what the gate's limits and free cash leave, open orders at their worst (sizing.py)

Sizes are in base units, on the venue's step. A recommendation below the venue's least order is 0 and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.indicators.catalogue import parse
from openoutcry.market.candles import Candles
from openoutcry.risk.exposure import fraction
from openoutcry.risk.kelly import Adaptive, adaptive_kelly
from openoutcry.risk.metrics import deviation, volatility
from openoutcry.risk.returns import DAYS_PER_YEAR, price_returns
from openoutcry.risk.sizing import Room
from openoutcry.settings import RiskSettings
from openoutcry.types.amounts import cents, floor_to_step, round_to_tick
from openoutcry.types.market import Instrument

DAYS = 30
ATR = "atr:14"
STOP_ATR, TARGET_ATR = 2, 3
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Advice:
    """``risk_per_trade`` is the money one trade may lose by the settings; ``bound`` names what held the
    recommendation down, ``reason`` why there is none.

    ``stop_loss`` is None where two ATR are more than the whole price.
    """

    symbol: str
    price: Decimal
    recommended_size: Decimal
    max_size: Decimal
    risk_per_trade: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal
    atr: float
    kelly: Adaptive
    bound: str
    reason: str | None = None


def daily_atr(days: Candles) -> float:
    """ATR(14), Wilder's, of the last 30 daily candles. Raises DataUnavailable when there are fewer than 15."""
    bars = days[-DAYS:]
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    found = parse(ATR).compute(columns)["value"]
    if not len(found) or not np.isfinite(found[-1]):
        raise DataUnavailable(f"ATR(14) needs 15 daily candles; {len(bars)} are stored")
    return float(found[-1])


def advise(
    instrument: Instrument,
    price: Decimal,
    days: Candles,
    *,
    equity: Decimal,
    room: Room,
    results: Sequence[float],
    risk: RiskSettings,
    strength: float = 0.5,
) -> Advice:
    """The advice for a long position entered at ``price``.

    ``results`` are the net results of the asset's closed trades, oldest first; ``strength`` the signal's, 0 to 1.
    Raises BadInput naming ``signal_strength``, DataUnavailable.
    """
    if not 0.0 <= strength <= 1.0:
        raise BadInput("signal_strength: lies between 0 and 1", field="signal_strength")
    reach = daily_atr(days)
    atr, tick = Decimal(repr(reach)), instrument.price_tick
    low, high = round_to_tick(price - STOP_ATR * atr, tick), round_to_tick(price + TARGET_ATR * atr, tick)
    stop = low if low > 0 else None
    kelly = _kelly(days, results, strength)
    per_trade = fraction(risk.risk_per_trade) * equity
    distance = price - (stop or ZERO)
    least, name = room.least
    wishes = [(fraction(kelly.share) * equity, "kelly")]
    if distance > 0:
        wishes.append((per_trade / distance * price, "risk_per_trade"))
    wanted, bound = min((*wishes, (max(ZERO, least), name)))
    step = instrument.quantity_step
    size = floor_to_step(max(ZERO, wanted) / price, step)
    reason = None
    if size == 0 or size * price < instrument.min_notional:
        size = ZERO
        reason = f"{bound} leaves less than the venue's least order of {instrument.min_notional:f}"
    return Advice(
        symbol=instrument.symbol,
        price=price,
        recommended_size=size,
        max_size=floor_to_step(max(ZERO, least) / price, step),
        risk_per_trade=cents(max(ZERO, per_trade)),
        stop_loss=stop,
        take_profit=high,
        atr=reach,
        kelly=kelly,
        bound=bound,
        reason=reason,
    )


def _kelly(days: Candles, results: Sequence[float], strength: float) -> Adaptive:
    returns = price_returns(days[-DAYS:].close, field="candles")
    return adaptive_kelly(
        results,
        daily_volatility=deviation(returns) or 0.0,
        annual_volatility=volatility(returns, DAYS_PER_YEAR) or 0.0,
        returns=len(returns),
        strength=strength,
    )
