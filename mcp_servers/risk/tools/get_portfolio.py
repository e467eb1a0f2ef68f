"""The whole book, position by position."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import View, money, viewed
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.concentration import shares
from openoutcry.types.amounts import Amount
from openoutcry.types.book import Position
from openoutcry.types.frozen import Frozen


class Holding(Frozen):
    """One open position at the round's price; ``allocation`` is its value over equity, null when there is
    none left.
    """

    ordinal: int
    symbol: str
    side: Literal["LONG", "SHORT"]
    role: Literal["trade", "hedge", "manual"]
    quantity: Amount
    entry_price: Amount
    price: Amount
    value: Amount
    unrealized_pnl: Amount
    fees: Amount
    stop_loss: Amount | None
    take_profit: Amount | None
    allocation: float | None
    entry_time: datetime


class PortfolioView(ToolResult):
    """Cash and positions in the quote asset. ``session_id`` is told outside rounds only. Rates are of
    closed positions. ``equal_positions``: as many positions of one size would be as concentrated (inverse
    Herfindahl index of ``allocation``).
    """

    session_id: str | None
    symbol: str
    hedge_symbol: str | None
    quote_asset: str
    initial_capital: Amount
    equity: Amount
    cash: Amount
    unrealized_pnl: Amount
    realized_pnl: Amount
    fees_paid: Amount
    peak_equity: Amount
    day_start_equity: Amount
    drawdown: float
    positions: list[Holding]
    allocation: dict[str, float]
    equal_positions: float
    trades: int
    wins: int
    losses: int
    win_rate: float | None


@tool(scope="risk:read", read_only=True)
async def get_portfolio(
    call: Call[RiskDeps],
    session_id: Annotated[
        str | None, Field(description="A session; default the round's, else the newest", max_length=36)
    ] = None,
) -> PortfolioView:
    """Cash, equity, profit and every open position of the session."""
    seen = await viewed(call, session_id=session_id)
    book, marked = seen.book.portfolio, seen.marked
    spread = shares(book, seen.prices)
    return PortfolioView(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        session_id=str(seen.book.session_id) if call.round is None else None,
        symbol=seen.book.symbol,
        hedge_symbol=seen.book.hedge_symbol,
        quote_asset=book.quote_asset,
        initial_capital=money(book.initial_capital),
        equity=money(marked.equity),
        cash=money(book.cash),
        unrealized_pnl=money(sum(marked.unrealized.values(), Decimal(0))),
        realized_pnl=money(book.realized_pnl),
        fees_paid=money(book.fees_paid),
        peak_equity=money(max(book.peak_equity, marked.equity)),
        day_start_equity=money(book.day_start_equity),
        drawdown=marked.drawdown,
        positions=[_holding(seen, position) for position in book.positions],
        allocation=dict(spread.by_asset),
        equal_positions=spread.equal_positions,
        trades=book.trades,
        wins=book.wins,
        losses=book.losses,
        win_rate=book.wins / book.trades if book.trades else None,
    )


def _holding(seen: View, position: Position) -> Holding:
    price, equity = seen.prices[position.symbol], seen.marked.equity
    value = money(price * position.quantity)
    return Holding(
        ordinal=position.ordinal,
        symbol=position.symbol,
        side=position.side,
        role=position.role,
        quantity=position.quantity,
        entry_price=position.entry_price,
        price=price,
        value=value,
        unrealized_pnl=money(seen.marked.unrealized[position.ordinal]),
        fees=money(position.fees),
        stop_loss=position.stop_loss,
        take_profit=position.take_profit,
        allocation=float(value / equity) if equity > 0 else None,
        entry_time=position.entry_time,
    )
