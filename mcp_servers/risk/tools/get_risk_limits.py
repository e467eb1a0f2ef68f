"""Every limit, what uses it, and what it comes to in money."""

from decimal import Decimal

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.exposure import fraction
from openoutcry.risk.limits import LimitUse, limit_uses
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
    equity.
    """

    equity: Amount
    limits: list[LimitState]
    max_position_value: Amount
    max_gross_value: Amount
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
    book, risk, equity = seen.book, seen.book.settings.risk, max(Decimal(0), seen.marked.equity)
    working = await call.deps.books.working(book.session_id)
    return RiskLimits(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        equity=money(seen.marked.equity),
        limits=[limit_state(use) for use in limit_uses(book.portfolio, working, seen.prices, book.settings)],
        max_position_value=money(fraction(risk.max_position_size) * equity),
        max_gross_value=money(fraction(risk.max_gross_exposure) * equity),
        max_daily_loss_value=money(fraction(risk.max_daily_loss) * book.portfolio.day_start_equity),
        max_drawdown_value=money(fraction(risk.max_drawdown) * max(book.portfolio.peak_equity, equity)),
        max_order_notional=risk.max_order_notional,
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
