"""``/api/v1/risk-budget``: how much risk the account may run, what it runs, and which weights would share it evenly."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.books import seen, source
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.market import now
from api.params import SessionId, read_choice
from api.requests import AnyRequest
from api.running import running_settings
from api.shapes.base import Shape
from db import budgets
from db.reads.risk_budget import BudgetSeen, frame_in, regime_of, risk_budget
from openoutcry.regime.names import REGIMES, Named
from openoutcry.risk.budget import DRIFT, Advice, Budget, advise

REGIME_NAMES = (*REGIMES, "unknown")
Days = Annotated[int, QueryParameter(ge=1, le=3650, description="Market time to look back.", required=False)]
Force = Annotated[
    bool, QueryParameter(description="Adopt the targets even where nothing asks for it.", required=False)
]


class BudgetShare(Shape, frozen=True, kw_only=True):
    """One asset. ``weight`` is its signed exposure over equity; ``budget`` and ``utilized`` are money a year's deviation
    comes to; ``risk_share`` is its part of the book's risk, null of a book without any.
    """

    asset: str
    weight: float
    target_weight: float
    adopted_weight: float | None
    budget: float
    utilized: float
    risk_share: float | None


class RiskBudget(Shape, frozen=True, kw_only=True):
    """``total_budget`` is the volatility target in money, ``utilized_budget`` the book's own. ``gate_leverage_limit`` is
    what the risk gate enforces; targets keep to both limits. ``last_updated`` is when targets were adopted last.
    """

    budget_type: Literal["volatility"]
    allocation_method: Literal["equal_risk_contribution"]
    total_budget: float
    utilized_budget: float
    utilization_rate: float
    allocations: list[BudgetShare]
    volatility_target: float
    volatility: float
    leverage_limit: float
    leverage: float
    gate_leverage_limit: float
    regime: str
    equity: float
    quote_asset: str
    returns: int
    timestamp: datetime
    last_updated: datetime | None


class Utilization(Shape, frozen=True, kw_only=True):
    """Shares of the total budget. ``by_strategy`` tells directional from hedging and manual positions: what takes
    risk away from the book is below 0."""

    total_utilization: float
    by_strategy: dict[str, float]
    by_asset_class: dict[str, float]
    by_asset: dict[str, float]
    available_budget: float
    warnings: list[str]
    timestamp: datetime


class Recommendation(Shape, frozen=True, kw_only=True):
    """Allocations are weights by asset; ``expected_improvement`` is how much closer to the target volatility they come."""

    requires_rebalancing: bool
    reason: str
    target_allocations: dict[str, float]
    current_allocations: dict[str, float]
    expected_improvement: float
    priority: Literal["high", "medium", "low", "none"]
    timestamp: datetime


class BudgetLook(Shape, frozen=True, kw_only=True):
    """One look at the budget that was kept."""

    id: UUID
    timestamp: datetime
    total_budget: float
    utilized_budget: float
    utilization_rate: float
    volatility: float
    volatility_target: float
    regime: str
    current_allocations: dict[str, float]
    target_allocations: dict[str, float]
    adopted: bool
    forced: bool
    reason: str
    requested_by: str


class BudgetHistory(Shape, frozen=True, kw_only=True):
    """Newest first."""

    history: list[BudgetLook]
    count: int
    days: int


class RegimeBudget(Shape, frozen=True, kw_only=True):
    """What the budget would be in a regime, for the book as it is."""

    regime: str
    volatility_target: float
    leverage_limit: float
    position_limit: float
    position_size_multiplier: float
    total_budget: float
    utilization_rate: float
    target_allocations: dict[str, float]
    current: bool
    timestamp: datetime


class Rebalanced(Shape, frozen=True, kw_only=True):
    """``rebalanced``: the targets were adopted. Orders are the floor's to make: none is placed here."""

    rebalanced: bool
    forced: bool
    reason: str
    priority: str
    target_allocations: dict[str, float]
    current_allocations: dict[str, float]
    id: UUID
    timestamp: datetime


@get("/api/v1/risk-budget/current", tags=["risk-budget"], permission="view_portfolio")
async def current(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> RiskBudget:
    """The budget in the present regime, and what each asset takes of it."""
    found, cap = await _budget(request, floor, session_id)
    adopted = await budgets.in_force(floor.pool, caller_of(request).org_id, await now(floor))
    before = adopted["figures"]["target_allocations"] if adopted else {}
    budget, equity = found.budget, float(found.equity)
    return RiskBudget(
        budget_type="volatility",
        allocation_method="equal_risk_contribution",
        total_budget=budget.frame.volatility_target * equity,
        utilized_budget=budget.volatility * equity,
        utilization_rate=budget.utilization,
        allocations=[
            BudgetShare(
                asset=share.asset,
                weight=share.weight,
                target_weight=share.target_weight,
                adopted_weight=before.get(share.asset),
                budget=share.budget * equity,
                utilized=share.contribution * equity,
                risk_share=share.contribution / budget.volatility if budget.volatility > 0 else None,
            )
            for share in budget.shares
        ],
        volatility_target=budget.frame.volatility_target,
        volatility=budget.volatility,
        leverage_limit=budget.frame.leverage_limit,
        leverage=budget.leverage,
        gate_leverage_limit=cap,
        regime=found.regime,
        equity=equity,
        quote_asset=found.quote,
        returns=found.returns,
        timestamp=found.as_of,
        last_updated=adopted["as_of"] if adopted else None,
    )


@get("/api/v1/risk-budget/utilization", tags=["risk-budget"], permission="view_portfolio")
async def utilization(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> Utilization:
    """What of the budget is used by directional, hedging and manual positions, in spot and in perpetuals."""
    found, _ = await _budget(request, floor, session_id)
    budget, target = found.budget, found.budget.frame.volatility_target
    spent = {share.asset: share.contribution / target for share in budget.shares}
    warnings = list(advise(budget).reasons)
    return Utilization(
        total_utilization=budget.utilization,
        by_strategy={name: risk / target for name, risk in found.by_role.items()},
        by_asset_class={name: risk / target for name, risk in found.by_class.items()},
        by_asset=spent,
        available_budget=max(0.0, target - budget.volatility) * float(found.equity),
        warnings=warnings,
        timestamp=found.as_of,
    )


@get("/api/v1/risk-budget/recommendations", tags=["risk-budget"], permission="view_portfolio")
async def recommendations(
    request: AnyRequest, floor: TheFloor, session_id: SessionId = None
) -> Recommendation:
    """Whether the book should change, and to which weights."""
    found, _ = await _budget(request, floor, session_id)
    advice = advise(found.budget)
    return Recommendation(
        requires_rebalancing=advice.needed,
        reason=_reason(advice),
        target_allocations=_targets(found.budget),
        current_allocations=_weights(found.budget),
        expected_improvement=advice.improvement,
        priority=advice.priority,
        timestamp=found.as_of,
    )


@get("/api/v1/risk-budget/history", tags=["risk-budget"], permission="view_portfolio")
async def history(request: AnyRequest, floor: TheFloor, days: Days = 30) -> BudgetHistory:
    """The looks that `POST /rebalance` kept."""
    until = await now(floor)
    rows = await budgets.since(floor.pool, caller_of(request).org_id, until - timedelta(days=days), until)
    looks = [
        BudgetLook(
            id=row["id"], timestamp=row["as_of"], adopted=row["adopted"], forced=row["forced"], reason=row["reason"],
            requested_by=row["requested_by"], **row["figures"],
        )
        for row in rows
    ]  # fmt: skip
    return BudgetHistory(history=looks, count=len(looks), days=days)


@get("/api/v1/risk-budget/regime/{regime_type:str}", tags=["risk-budget"], permission="view_portfolio")
async def in_regime(
    request: AnyRequest,
    floor: TheFloor,
    regime_type: Annotated[
        str, PathParameter(description="bull, bear, sideways, crisis, recovery or unknown.")
    ],
    session_id: SessionId = None,
) -> RegimeBudget:
    """What the budget would be in a regime."""
    wanted = read_choice(regime_type, "regime_type", REGIME_NAMES) or "unknown"
    name: Named = next((one for one in REGIMES if one == wanted), "unknown")
    frame, parameters = frame_in(name, (await running_settings(floor)).regimes.parameters)
    found, _ = await _budget(request, floor, session_id, name)
    sessions = await seen(request, floor, session_id)
    actual = await regime_of(floor.pool, caller_of(request).org_id, sessions)
    return RegimeBudget(
        regime=name,
        volatility_target=frame.volatility_target,
        leverage_limit=frame.leverage_limit,
        position_limit=parameters.position_limit,
        position_size_multiplier=parameters.position_size_multiplier,
        total_budget=frame.volatility_target * float(found.equity),
        utilization_rate=found.budget.utilization,
        target_allocations=_targets(found.budget),
        current=actual == name,
        timestamp=found.as_of,
    )


@post(
    "/api/v1/risk-budget/rebalance",
    tags=["risk-budget"],
    idempotent=True,
    role="trader",
    permission="execute_trades",
    status_code=200,
)
@kept
async def rebalance(
    request: AnyRequest, floor: TheFloor, force: Force = False, session_id: SessionId = None
) -> Rebalanced:
    """Look at the budget, keep the look, and adopt its targets where it asks for that, or where `force` does."""
    found, _ = await _budget(request, floor, session_id)
    advice, budget = advise(found.budget), found.budget
    caller, adopted = caller_of(request), advice.needed or force
    figures: dict[str, Any] = {
        "total_budget": budget.frame.volatility_target * float(found.equity),
        "utilized_budget": budget.volatility * float(found.equity),
        "utilization_rate": budget.utilization,
        "volatility": budget.volatility,
        "volatility_target": budget.frame.volatility_target,
        "regime": found.regime,
        "current_allocations": _weights(budget),
        "target_allocations": _targets(budget),
    }
    kept = await budgets.add(
        floor.pool, caller.org_id, found.as_of, adopted=adopted, forced=force and not advice.needed,
        reason=_reason(advice), requested_by=caller.name, figures=figures,
    )  # fmt: skip
    return Rebalanced(
        rebalanced=adopted,
        forced=force and not advice.needed,
        reason=_reason(advice),
        priority=advice.priority,
        target_allocations=_targets(budget),
        current_allocations=_weights(budget),
        id=kept["id"],
        timestamp=found.as_of,
    )


async def _budget(
    request: AnyRequest, floor: Floor, session_id: str | None, regime: Named | None = None
) -> tuple[BudgetSeen, float]:
    """The budget in the present regime, or in the one named, and the gate's own limit of leverage."""
    sessions: Sequence[Any] = await seen(request, floor, session_id)
    name = regime or await regime_of(floor.pool, caller_of(request).org_id, sessions)
    frame, _ = frame_in(name, (await running_settings(floor)).regimes.parameters)
    found = await asyncio.to_thread(risk_budget, source(floor).reader, sessions, name, frame)
    return found, min(one.book.settings.risk.max_gross_exposure for one in sessions)


def _reason(advice: Advice) -> str:
    return "; ".join(advice.reasons) or f"within the budget, no weight is off by more than {DRIFT:.0%}"


def _targets(budget: Budget) -> dict[str, float]:
    return {share.asset: share.target_weight for share in budget.shares}


def _weights(budget: Budget) -> dict[str, float]:
    return {share.asset: share.weight for share in budget.shares}


HANDLERS = [current, utilization, recommendations, history, in_regime, rebalance]
