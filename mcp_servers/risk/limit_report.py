"""How the limits before and after a trade are told."""

from collections.abc import Iterable
from decimal import Decimal

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.view import money
from mcp_servers.toolkit import Call, ToolResult
from openoutcry.risk.what_if import Pair
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen


class LimitCheck(Frozen):
    """One limit before and after; ``utilization`` is after over limit, null for a limit of 0."""

    rule: str
    before: float
    after: float
    limit: float
    utilization: float | None
    violated: bool


class LimitReport(ToolResult):
    """Values in quote units; exposures are absolute: longs and shorts add up. ``violations`` are in words."""

    approved: bool
    violations: list[str]
    checks: list[LimitCheck]
    trade_value: Amount
    current_portfolio: Amount
    projected_portfolio: Amount
    position_count: int
    notes: list[str]
    recommendation: str


def limit_report(
    call: Call[RiskDeps],
    pairs: Iterable[Pair],
    *,
    trade_value: Decimal,
    current: Decimal,
    projected: Decimal,
    positions: int,
    refusals: Iterable[str] = (),
    notes: Iterable[str] = (),
    stale: bool = False,
) -> LimitReport:
    """The report on limits and on what else speaks against the trade (``refusals``)."""
    checks = [
        LimitCheck(
            rule=after.rule,
            before=float(before.value),
            after=float(after.value),
            limit=float(after.limit),
            utilization=after.used,
            violated=after.breached,
        )
        for before, after in pairs
    ]
    violations = [f"{c.rule}: {c.after:g} is beyond {c.limit:g}" for c in checks if c.violated]
    broken = {check.rule for check in checks if check.violated}
    violations += [text for text in refusals if text.partition(":")[0] not in broken]
    count = len(violations)
    return LimitReport(
        as_of=call.as_of,
        source=call.source,
        stale=stale,
        approved=not violations,
        violations=violations,
        checks=checks,
        trade_value=money(trade_value),
        current_portfolio=money(current),
        projected_portfolio=money(projected),
        position_count=positions,
        notes=list(notes),
        recommendation=f"Rejected: {count} limit{'s' if count > 1 else ''} broken"
        if count
        else "Within all limits",
    )
