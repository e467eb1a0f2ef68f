"""Would a trade break a limit: of the session's book, or of positions and limits you give."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.exact import Money
from mcp_servers.risk.limit_report import LimitReport, limit_report
from mcp_servers.risk.view import View, viewed
from mcp_servers.toolkit import Call, SymbolArg, tool
from openoutcry.errors import BadInput
from openoutcry.orders import signed
from openoutcry.risk.case import GateInput
from openoutcry.risk.exposure import fraction
from openoutcry.risk.gate import review
from openoutcry.risk.limits import limit_uses, worst_values
from openoutcry.risk.standing import standings
from openoutcry.risk.what_if import exposure_of, traded, value_limits
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import OrderRequest, Refused, Side
from openoutcry.types.symbols import canonical

ZERO = Decimal(0)


class GivenPosition(Frozen):
    """A position; ``value`` is its market value in quote units, negative for a short."""

    symbol: SymbolArg
    quantity: Amount = ZERO
    value: Amount


class ProposedTrade(Frozen):
    """A trade in base units; without ``price`` at the last one known to the session."""

    symbol: SymbolArg
    side: Side
    quantity: Money
    price: Money | None = None


class GivenLimits(Frozen):
    """``max_exposure`` in quote units; ``max_concentration`` as a fraction of all exposure."""

    max_exposure: Money | None = None
    max_concentration: Annotated[float | None, Field(gt=0, le=1)] = None
    max_drawdown: Annotated[float | None, Field(gt=0, le=1)] = None


@tool(scope="risk:read", read_only=True)
async def check_portfolio_limits(
    call: Call[RiskDeps],
    new_trade: Annotated[ProposedTrade | None, Field(description="Trade to judge; none: as it is")] = None,
    current_positions: Annotated[
        list[GivenPosition] | None, Field(description="Positions; default the session's book", max_length=200)
    ] = None,
    limits: Annotated[GivenLimits | None, Field(description="Limits of current_positions")] = None,
) -> LimitReport:
    """Every limit before and after a trade: the session's, or current_positions held against the limits
    you give.
    """
    if current_positions is not None:
        return _given(call, current_positions, new_trade, limits or GivenLimits())
    if limits is not None:
        raise BadInput("limits: the session has its own; give current_positions too", field="limits")
    seen = await viewed(call, new_trade.symbol if new_trade else None)
    return await _session(call, seen, new_trade)


async def _session(call: Call[RiskDeps], seen: View, trade: ProposedTrade | None) -> LimitReport:
    """The book limits, open orders at their worst, and the gate's own word on a market order."""
    told, portfolio = seen.book.settings, seen.book.portfolio
    working = await call.deps.books.working(seen.book.session_id)
    book = seen.book.gate_input(seen.prices, working, call.as_of)
    before = limit_uses(portfolio, book.working, seen.prices, told)
    after, refusals, value, later = before, [], ZERO, book
    if trade is not None:
        symbol = canonical(trade.symbol)
        value = trade.quantity * (trade.price or seen.price(symbol))
        request = OrderRequest(
            leg="manual", symbol=symbol, side=trade.side, type="MARKET", quantity=trade.quantity
        )
        verdict = review(request, book, told)
        if isinstance(verdict, Refused):
            refusals.append(f"{verdict.rule}: {verdict.message} ({verdict.value}, limit {verdict.limit})")
        later = book.after(request, 0)
        after = limit_uses(portfolio, later.working, seen.prices, told)
    return limit_report(
        call,
        zip(before, after, strict=True),
        trade_value=value,
        current=_gross(book),
        projected=_gross(later),
        positions=len(portfolio.positions),
        refusals=refusals,
        stale=seen.stale,
    )


def _gross(book: GateInput) -> Decimal:
    return sum(worst_values(standings(book.portfolio, book.working), book.prices).values(), ZERO)


def _given(
    call: Call[RiskDeps], positions: list[GivenPosition], trade: ProposedTrade | None, limits: GivenLimits
) -> LimitReport:
    before: dict[str, Decimal] = {}
    for position in positions:
        before = traded(before, canonical(position.symbol, field="current_positions.symbol"), position.value)
    after, value = before, ZERO
    if trade is not None:
        if trade.price is None:
            raise BadInput("new_trade.price: is needed beside current_positions", field="new_trade.price")
        value = trade.quantity * trade.price
        after = traded(before, canonical(trade.symbol, field="new_trade.symbol"), signed(trade.side, value))
    share = None if limits.max_concentration is None else fraction(limits.max_concentration)
    drawdown = (
        () if limits.max_drawdown is None else ("max_drawdown needs an equity curve: use calculate_drawdown",)
    )
    return limit_report(
        call,
        value_limits(before, after, max_exposure=limits.max_exposure, max_concentration=share),
        trade_value=value,
        current=exposure_of(before),
        projected=exposure_of(after),
        positions=sum(v != 0 for v in after.values()),
        notes=drawdown,
    )
