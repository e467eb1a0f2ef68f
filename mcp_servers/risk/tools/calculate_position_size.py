"""Kelly sizing."""

from typing import Annotated

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.exact import Money
from mcp_servers.risk.view import money
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.exposure import fraction
from openoutcry.risk.kelly import kelly
from openoutcry.types.amounts import Amount


class PositionSize(ToolResult):
    """``kelly_percentage`` is full Kelly as a fraction of capital, negative without an edge;
    ``position_size`` is money.
    """

    kelly_percentage: float
    adjusted_kelly: float
    position_size: Amount
    capital: Amount
    kelly_fraction: float
    edge_ratio: float
    win_rate: float
    loss_rate: float
    has_positive_edge: bool
    recommendation: str


@tool(scope="risk:read", read_only=True)
async def calculate_position_size(
    call: Call[RiskDeps],
    win_rate: Annotated[float, Field(description="Share of winning trades, e.g. 0.55", ge=0, le=1)],
    avg_win: Annotated[float, Field(description="Average profit of a winning trade", ge=1e-9, le=1e18)],
    avg_loss: Annotated[
        float, Field(description="Average loss of a losing trade, positive", ge=1e-9, le=1e18)
    ],
    capital: Annotated[Money, Field(description="Capital to size for")],
    kelly_fraction: Annotated[float, Field(description="Share of full Kelly to use", gt=0, le=1)] = 0.5,
) -> PositionSize:
    """Position size by the Kelly criterion."""
    found = kelly(win_rate, avg_win, avg_loss, kelly_fraction)
    edge = found.full > 0
    return PositionSize(
        as_of=call.as_of,
        source=call.source,
        kelly_percentage=found.full,
        adjusted_kelly=found.used,
        position_size=money(capital * fraction(found.used)),
        capital=capital,
        kelly_fraction=kelly_fraction,
        edge_ratio=found.payoff,
        win_rate=win_rate,
        loss_rate=1 - win_rate,
        has_positive_edge=edge,
        recommendation=f"Stake {found.used:.1%} of capital ({kelly_fraction:g} of full Kelly)"
        if edge
        else "No edge: stake nothing",
    )
