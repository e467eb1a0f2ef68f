"""Every limit, what uses it, and what it comes to in money."""

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.exposure import funds
from openoutcry.risk.limits import LimitUse, limit_amounts, limit_uses
from openoutcry.risk.standing import standings
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen


class LimitState(Frozen):
    """``value`` and ``limit`` are fractions of equity, or counts; ``used`` their ratio, null for a limit
    of 0.
    """

    rule: str
    value: float
    limit: float
    used: float | None
    breached: bool


class RiskLimits(ToolResult):
    """Limits with their use, open orders at their worst; amounts are in the quote asset at the present
    equity. ``max_margin_value`` is what perpetuals may be worth if all of the equity were cash to carry them.
    """

    equity: Amount
    limits: list[LimitState]
    max_position_value: Amount
    max_gross_value: Amount
    max_margin_value: Amount
    max_daily_loss_value: Amount
    max_drawdown_value: Amount
    max_order_notional: Amount
    risk_per_trade: float
    default_stop_loss: float
    default_take_profit: float
    price_collar: float
    max_orders_per_round: int
    restricted_symbols: list[str]
    llm_approval_required: bool
    halted: bool
    paused: bool


@tool(scope="risk:read", read_only=True)
async def get_risk_limits(call: Call[RiskDeps]) -> RiskLimits:
    """The session's risk limits, how much of each is in use, and what they come to in money."""
    seen = await viewed(call)
    book, risk = seen.book, seen.book.settings.risk
    working = await call.deps.books.working(book.session_id)
    held = standings(book.portfolio, working)
    money_left = funds(book.portfolio, working, held, seen.prices, book.settings)
    bounds = limit_amounts(book.portfolio, money_left, book.settings)
    return RiskLimits(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        equity=money(seen.marked.equity),
        limits=[limit_state(use) for use in limit_uses(book.portfolio, working, seen.prices, book.settings)],
        max_position_value=money(bounds.position),
        max_gross_value=money(bounds.exposure),
        max_margin_value=money(bounds.margin),
        max_daily_loss_value=money(bounds.daily_loss),
        max_drawdown_value=money(bounds.drawdown),
        max_order_notional=bounds.order,
        risk_per_trade=risk.risk_per_trade,
        default_stop_loss=risk.default_stop_loss,
        default_take_profit=risk.default_take_profit,
        price_collar=risk.price_collar,
        max_orders_per_round=risk.max_orders_per_round,
        restricted_symbols=list(risk.restricted_symbols),
        llm_approval_required=risk.llm_approval_required,
        halted=book.halted,
        paused=book.paused,
    )


def limit_state(use: LimitUse) -> LimitState:
    """A limit as it is told."""
    return LimitState(
        rule=use.rule, value=float(use.value), limit=float(use.limit), used=use.used, breached=use.breached
    )
