"""Can the book bear it: shorts, cash, position, exposure, losses. All figures are worst case, open orders
included.
"""

from decimal import Decimal

from openoutcry.risk.case import Case
from openoutcry.risk.exposure import Funds, cost_rate, fraction
from openoutcry.risk.limits import (
    LimitUse,
    daily_loss_use,
    drawdown_use,
    exposure_use,
    position_use,
    positions_use,
    worst_values,
)
from openoutcry.risk.rules.breach import Breach, shown
from openoutcry.risk.standing import assets
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)


def short(case: Case) -> Breach | None:
    """Spot is never sold beyond what is held; a perpetual only where shorts are allowed, hedges excepted."""
    request, standing = case.request, case.standing
    if request.side == "BUY":
        return None
    if not case.perp:
        open_sells = ZERO if request.reduce_only else standing.sells
        available = max(ZERO, standing.net - open_sells)
        if request.quantity > available:
            message = f"cannot sell more {request.symbol} than is held"
            return Breach(shown(request.quantity), shown(available), message)
        return None
    if not case.settings.trading.allow_short and case.effect == "adds" and case.after.lowest < 0:
        return Breach(shown(case.after.lowest), "0", "shorts are not allowed")
    return None


def cash(case: Case) -> Breach | None:
    """Cash covers a spot buy with its costs, or a perpetual's margin, after everything that already has a
    claim.
    """
    if case.effect == "reduces" or case.funds is None or case.worth is None or case.notional is None:
        return None
    need = case.notional * cost_rate(case.request.symbol, case.settings)
    if case.perp:
        margin = fraction(case.settings.risk.perp_margin)
        need += (case.after.worst * case.worth - case.standing.worst * (case.price or ZERO)) * margin
    elif case.request.side == "BUY":
        need += case.notional
    if need > case.funds.free:
        return Breach(shown(need), shown(case.funds.free), "not enough free cash")
    return None


def max_position_size(case: Case) -> Breach | None:
    """The position that could come of it stays within its share of equity."""
    if case.effect == "reduces" or case.worth is None or case.paid is None:
        return None
    value = case.after.worst * case.worth
    use = position_use(value, case.paid, case.settings)
    return _sized(use, value, case.paid, f"position in {case.request.symbol}")


def max_gross_exposure(case: Case) -> Breach | None:
    """All positions that could come of it, spot and perpetual added up, stay within their share of equity."""
    if case.effect == "reduces" or case.worth is None or case.paid is None:
        return None
    others = worst_values(
        {name: standing for name, standing in case.held.items() if name != case.request.symbol},
        case.book.prices,
    )
    value = sum(others.values(), case.after.worst * case.worth)
    return _sized(exposure_use(value, case.paid, case.settings), value, case.paid, "gross exposure")


def max_positions(case: Case) -> Breach | None:
    """So many assets at a time. An asset's spot and perpetual count once, so a hedge never needs a place."""
    if case.effect != "adds":
        return None
    before = assets(case.held)
    after = before | {parse_symbol(case.request.symbol).base}
    use = positions_use(after, case.settings)
    if use.breached and after != before:
        return Breach(str(use.value), str(use.limit), "too many assets with a position")
    return None


def max_daily_loss(case: Case) -> Breach | None:
    """From when the day's loss reached its limit until a person resets the breaker, nothing is entered."""
    if case.effect != "adds":
        return None
    if (stands := _latched(case, "max_daily_loss", "day's loss")) is not None or case.funds is None:
        return stands
    return _reached(daily_loss_use(case.funds, case.settings), "the day's loss is at its limit")


def max_drawdown(case: Case) -> Breach | None:
    """From when the drawdown reached its limit until a person resets the breaker, nothing is entered."""
    if case.effect != "adds":
        return None
    if (stands := _latched(case, "max_drawdown", "drawdown")) is not None or case.funds is None:
        return stands
    return _reached(drawdown_use(case.funds, case.settings), "the drawdown is at its limit")


def _latched(case: Case, rule: str, what: str) -> Breach | None:
    latch = case.book.latched.get(rule)
    if latch is None:
        return None
    message = f"the {what} reached its limit in record {latch.seq}: no new entries until an admin resets it"
    return Breach(latch.value, latch.limit, message)


def _reached(use: LimitUse, message: str) -> Breach | None:
    return Breach(shown(use.value), shown(use.limit), f"{message}: no new entries") if use.breached else None


def _sized(use: LimitUse, value: Decimal, money: Funds, what: str) -> Breach | None:
    if money.spendable <= 0:
        return Breach(shown(value), "0", f"{what}: no equity left")
    if use.breached:
        return Breach(shown(use.value), shown(use.limit), f"{what} would be above its share of equity")
    return None
