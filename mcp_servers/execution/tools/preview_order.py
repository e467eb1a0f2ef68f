"""An order before it is an order."""

from mcp_servers.execution.answers import head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.preview import book_of, dry_review, expected, normalised, price_of
from mcp_servers.execution.wishes import (
    OptionalPriceArg,
    QuantityArg,
    SessionArg,
    SideArg,
    TimeInForceArg,
    TypeArg,
    wish,
)
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, blaming_arguments, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.risk.instruments import instrument_of
from openoutcry.types.amounts import Amount, cents
from openoutcry.types.orders import OrderRequest, Refused


class OrderPreview(ToolResult):
    """The order on the venue's ticks and steps, what it should trade at and cost, and the gate's word.

    ``refused`` names the rule that would refuse it, with the value it saw and its limit; null when it would
    pass now.
    """

    order: OrderRequest
    market_price: Amount
    expected_price: Amount
    expected_notional: Amount
    expected_fee: Amount
    approved: bool
    refused: Refused | None


@tool(scope="order:read", read_only=True)
async def preview_order(
    call: Call[ExecutionDeps],
    symbol: SymbolArg,
    side: SideArg,
    quantity: QuantityArg,
    type: TypeArg = "MARKET",
    price: OptionalPriceArg = None,
    stop_price: OptionalPriceArg = None,
    time_in_force: TimeInForceArg = "GTC",
    session_id: SessionArg = None,
) -> OrderPreview:
    """What an order would look like, trade at and cost, and whether the risk gate would let it through. Sends
    nothing.
    """
    deps = call.deps
    stored = await deps.sessions.meant(session_id, call.caller.org_id)
    asked = wish(
        symbol, side, type, quantity, price=price, stop_price=stop_price, time_in_force=time_in_force
    )
    if asked.symbol not in (stored.facts.symbol, stored.facts.hedge_symbol):
        raise BadInput(f"symbol: the session does not trade {asked.symbol}", field="symbol")
    market = price_of(deps.reader, stored, asked.symbol, call.as_of)
    if market is None:
        raise DataUnavailable(f"{asked.symbol}: no closed bar at {call.as_of.isoformat()}")
    book = await book_of(deps.pool, deps.settings, stored)
    told = {} if book is None else book.instruments
    instrument = instrument_of(asked.symbol, told, deps.settings.venue, market)
    with blaming_arguments():
        request = normalised(asked, instrument)
    if request is None:
        raise BadInput(f"quantity: below the step {instrument.quantity_step:f}", field="quantity")
    if book is None:
        raise DataUnavailable("the session has no record yet: ask again after its first round")
    at, cost = expected(request, market, deps.settings)
    verdict = await dry_review(deps.pool, deps.reader, book, stored, request, call.as_of)
    return OrderPreview(
        **head(call),
        order=request,
        market_price=market,
        expected_price=at,
        expected_notional=cents(at * request.quantity),
        expected_fee=cost,
        approved=not isinstance(verdict, Refused),
        refused=verdict if isinstance(verdict, Refused) else None,
    )
