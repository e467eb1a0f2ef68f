"""What sudden moves would do to the book."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.exposure import fraction
from openoutcry.risk.stress import SCENARIOS, Scenario, stress
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen

HUNDRED = Decimal(100)
Percent = Annotated[float, Field(ge=-100, le=1000, allow_inf_nan=False)]
Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,15}$")]


class Shock(Frozen):
    """A move of every price in per cent, but of the assets in ``moves_pct`` their own; ``basis_pct`` is added for
    perpetuals.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    move_pct: Percent
    moves_pct: Annotated[dict[Asset, Percent], Field(max_length=20)] = Field(default_factory=dict)
    basis_pct: Percent = 0.0


class ShockOutcome(Frozen):
    """The book after one shock, no order executed in between; ``pnl_pct`` is of the present equity."""

    name: str
    move_pct: float
    moves_pct: dict[str, float]
    basis_pct: float
    note: str
    pnl: Amount
    pnl_pct: float | None
    equity: Amount
    drawdown: float
    breaches_drawdown: bool


class StressReport(ToolResult):
    """Every scenario, and the worst of them."""

    equity: Amount
    outcomes: list[ShockOutcome]
    worst: str


@tool(scope="risk:read", read_only=True)
async def stress_test(
    call: Call[RiskDeps],
    scenarios: Annotated[
        list[Shock] | None,
        Field(description="Your own shocks; default a fixed list", min_length=1, max_length=20),
    ] = None,
) -> StressReport:
    """The session's profit and loss if all prices moved at once."""
    seen = await viewed(call)
    asked = SCENARIOS if scenarios is None else tuple(_scenario(shock) for shock in scenarios)
    outcomes = stress(seen.book.portfolio, seen.prices, asked)
    limit, now = seen.book.settings.risk.max_drawdown, seen.marked.equity
    return StressReport(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        equity=money(now),
        outcomes=[
            ShockOutcome(
                name=o.scenario.name,
                move_pct=float(o.scenario.move * 100),
                moves_pct={asset: float(move * 100) for asset, move in o.scenario.moves.items()},
                basis_pct=float(o.scenario.basis * 100),
                note=o.scenario.note,
                pnl=money(o.profit),
                pnl_pct=float(o.profit / now * 100) if now > 0 else None,
                equity=money(o.equity),
                drawdown=o.drawdown,
                breaches_drawdown=o.drawdown > 0 and o.drawdown >= limit,
            )
            for o in outcomes
        ],
        worst=min(outcomes, key=lambda o: o.profit).scenario.name,
    )


def _scenario(shock: Shock) -> Scenario:
    return Scenario(
        shock.name,
        fraction(shock.move_pct) / HUNDRED,
        fraction(shock.basis_pct) / HUNDRED,
        moves={asset: fraction(move) / HUNDRED for asset, move in shock.moves_pct.items()},
    )
