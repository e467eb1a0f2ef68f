"""The gate, asked without consequence."""

from typing import Annotated

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.exact import Money
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, blaming_arguments, tool
from openoutcry.risk.case import Case, Effect
from openoutcry.risk.gate import review
from openoutcry.types.amounts import Amount
from openoutcry.types.orders import OrderRequest, OrderType, Refused, Side
from openoutcry.types.symbols import canonical


class GateVerdict(ToolResult):
    """The gate's word. A refusal names the rule, the value it saw and the limit. No approval is issued.

    ``effect`` is what the order would do to the book: reduces, hedges or adds.
    """

    approved: bool
    rule: str | None
    value: str | None
    limit: str | None
    message: str
    effect: Effect
    notional: Amount | None
    symbol: str


@tool(scope="risk:read", read_only=True)
async def review_order(
    call: Call[RiskDeps],
    symbol: SymbolArg,
    side: Annotated[Side, Field(description="BUY or SELL")],
    quantity: Annotated[Money, Field(description="Base units")],
    type: Annotated[OrderType, Field(description="Order type")] = "MARKET",
    price: Annotated[Money | None, Field(description="Limit price, for *LIMIT types")] = None,
    stop_price: Annotated[
        Money | None, Field(description="Trigger price, for STOP_LOSS* and TAKE_PROFIT* types")
    ] = None,
    reduce_only: Annotated[bool, Field(description="Only ever shrink the position")] = False,
) -> GateVerdict:
    """Would this order pass the gate right now? Nothing is placed and no approval is issued."""
    name = canonical(symbol)
    with blaming_arguments():
        request = OrderRequest(
            leg="manual", symbol=name, side=side, type=type, quantity=quantity, price=price, stop_price=stop_price,
            reduce_only=reduce_only,
        )  # fmt: skip
    seen = await viewed(call, name)
    working = await call.deps.books.working(seen.book.session_id)
    book = seen.book.gate_input(seen.prices, working, call.as_of)
    case, verdict = Case(request, book, seen.book.settings), review(request, book, seen.book.settings)
    refused = verdict if isinstance(verdict, Refused) else None
    return GateVerdict(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        approved=refused is None,
        rule=refused.rule if refused else None,
        value=refused.value if refused else None,
        limit=refused.limit if refused else None,
        message=refused.message if refused else "the order would pass",
        effect=case.effect,
        notional=None if case.notional is None else money(case.notional),
        symbol=name,
    )
