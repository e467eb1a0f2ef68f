"""The gate: every order passes it, in line and without a bypass, and gets ``Approved`` or ``Refused``.

The rules are asked in a fixed order and the first one broken answers. Whether an order reduces risk is
computed from the book, never taken from the order. Orders that only shrink a position pass whatever the state
of floor, data or losses; only their form is checked.
"""

from collections.abc import Callable
from types import MappingProxyType

from openoutcry.orders import order_hash
from openoutcry.risk.case import Case, GateInput
from openoutcry.risk.rules import book as bearing
from openoutcry.risk.rules import form, pace, permission
from openoutcry.risk.rules.breach import Breach
from openoutcry.settings import Settings
from openoutcry.types.orders import Approved, OrderRequest, Refused

Rule = Callable[[Case], Breach | None]

RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        "mode": permission.mode,
        "halted": permission.halted,
        "paused": permission.paused,
        "restricted_symbol": permission.restricted_symbol,
        "known_symbol": form.known_symbol,
        "quantity_step": form.quantity_step,
        "price_tick": form.price_tick,
        "min_notional": form.min_notional,
        "max_order_notional": form.max_order_notional,
        "price_collar": form.price_collar,
        "good_data": form.good_data,
        "duplicate_leg": form.duplicate_leg,
        "duplicate_order": pace.duplicate_order,
        "self_match": form.self_match,
        "max_orders_per_round": form.max_orders_per_round,
        "max_orders_per_minute": pace.max_orders_per_minute,
        "max_orders_per_day": pace.max_orders_per_day,
        "repeat_throttle": pace.repeat_throttle,
        "reduce_only": form.reduce_only,
        "short": bearing.short,
        "cash": bearing.cash,
        "max_position_size": bearing.max_position_size,
        "max_gross_exposure": bearing.max_gross_exposure,
        "max_positions": bearing.max_positions,
        "model_approval": permission.model_approval,
        "max_daily_loss": bearing.max_daily_loss,
        "max_drawdown": bearing.max_drawdown,
    }
)
"""Rule name → rule, in the order they are asked."""


def review(request: OrderRequest, book: GateInput, settings: Settings) -> Approved | Refused:
    """The gate's word on one order."""
    case = Case(request, book, settings)
    for name, rule in RULES.items():
        breach = rule(case)
        if breach is not None:
            return Refused(rule=name, value=breach.value, limit=breach.limit, message=breach.message)
    return Approved(order_hash=order_hash(request))


def only_reduces(request: OrderRequest, book: GateInput, settings: Settings) -> bool:
    """Whether the order can only shrink a position: such a one passes even while trading is halted."""
    return Case(request, book, settings).effect == "reduces"
