"""Open interest."""

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import only_now
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.types.amounts import Amount
from openoutcry.types.symbols import parse_symbol


class OpenInterestAnswer(ToolResult):
    """``open_interest`` is in base units, ``value`` in the quote asset where the exchange gives it."""

    symbol: str
    open_interest: Amount
    value: Amount | None


@tool(scope="md:read", read_only=True)
async def get_open_interest(call: Call[MarketDeps], symbol: SymbolArg) -> OpenInterestAnswer:
    """Open interest of the pair's perpetual (live, outside a round)."""
    only_now(call, "open interest")
    perpetual = str(parse_symbol(symbol).perpetual())
    seen = await call.deps.source.open_interest_now(perpetual)
    return OpenInterestAnswer(
        as_of=call.as_of, source=call.source, symbol=perpetual, open_interest=seen.quantity, value=seen.value
    )
