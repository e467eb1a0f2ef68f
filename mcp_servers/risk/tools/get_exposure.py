"""What the risk agent asks every round."""

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.risk.allocation import allocation
from openoutcry.risk.limits import limit_uses
from openoutcry.risk.standing import assets, standings
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical


class Limits(Frozen):
    """The session's limits; fractions of equity, and a count of assets."""

    max_position_size: float
    max_gross_exposure: float
    max_daily_loss: float
    max_drawdown: float
    max_positions: int


class Used(Frozen):
    """The share of each limit in use by what is held, by the gate's own figures; 1 for a limit of 0, 0 after a
    gain.
    """

    max_position_size: float
    max_gross_exposure: float
    max_daily_loss: float
    max_drawdown: float
    max_positions: float


class Exposure(ToolResult):
    """The book at the round's prices. Exposures are fractions of equity, null when there is none left;
    ``by_asset`` has each asset's, net of spot and perpetual.

    ``spot_value`` and ``perp_value`` are of the symbol's asset, the latter negative for a short;
    ``hedge_ratio`` is short perpetual over spot, 1.0 = fully hedged. ``daily_loss`` is positive after a loss,
    negative after a gain. ``open_positions`` counts assets: spot and perpetual of one are one.
    """

    symbol: str
    price: Amount
    equity: Amount
    cash: Amount
    gross_exposure: float | None
    net_exposure: float | None
    by_asset: dict[str, float] | None
    spot_value: Amount
    perp_value: Amount
    hedge_ratio: float
    drawdown: float
    daily_loss: float
    open_positions: int
    limits: Limits
    used: Used


@tool(scope="risk:read", read_only=True)
async def get_exposure(call: Call[RiskDeps], symbol: SymbolArg) -> Exposure:
    """Equity, exposure, hedge ratio, drawdown, daily loss and limits of the session that trades a symbol."""
    name = canonical(symbol)
    seen = await viewed(call, name)
    portfolio, told = seen.book.portfolio, seen.book.settings
    asset, shares = seen.asset(name), allocation(portfolio, seen.prices)
    uses = {use.rule: use.pressure for use in limit_uses(portfolio, (), seen.prices, told)}
    return Exposure(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        symbol=name,
        price=money(seen.price(name)),
        equity=money(seen.marked.equity),
        cash=money(portfolio.cash),
        gross_exposure=seen.marked.gross_exposure,
        net_exposure=seen.marked.net_exposure,
        by_asset=None if shares is None else dict(shares.by_asset),
        spot_value=money(asset.spot_value),
        perp_value=money(asset.perp_value),
        hedge_ratio=asset.hedge_ratio,
        drawdown=seen.marked.drawdown,
        daily_loss=seen.daily_loss,
        open_positions=len(assets(standings(portfolio, ()))),
        limits=Limits(
            max_position_size=told.risk.max_position_size,
            max_gross_exposure=told.risk.max_gross_exposure,
            max_daily_loss=told.risk.max_daily_loss,
            max_drawdown=told.risk.max_drawdown,
            max_positions=told.trading.max_positions,
        ),
        used=Used(**uses),
    )
