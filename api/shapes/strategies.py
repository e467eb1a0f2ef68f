"""A strategy as two products' clients see it: TradAI's versions, stages and metrics, Mangrove's rules, status and state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from api.shapes.base import Shape
from api.shapes.described import ExecutionConfig, RuleSet
from db.strategies.listing import Listed
from db.strategies.rows import StoredStrategy, StoredVersion
from db.strategies.validations import Validation
from openoutcry.strategy.account import ExecutionState
from openoutcry.strategy.figures import Figures
from openoutcry.strategy.lifecycle import Stage, Status
from openoutcry.strategy.naming import slug
from openoutcry.strategy.ranking import composite

SESSION_TAG = "session_id"
"""The tag that holds the conversation a client made the strategy in."""


class StrategyMetrics(Shape, frozen=True, kw_only=True):
    """The newest backtest or validation of the version, null before it. Fractions; ``max_drawdown`` is negative."""

    sharpe_ratio: float | None
    total_return: float | None
    max_drawdown: float | None
    trades: int | None
    win_rate: float | None


class StrategyItem(Shape, frozen=True, kw_only=True):
    """A strategy in a list, with the version in force."""

    id: UUID
    name: str
    version: str
    stage: Stage
    description: str
    metrics: StrategyMetrics
    asset: str | None
    status: Status
    kind: Literal["rules", "code"]
    strategy_type: str | None
    exchange: str
    timeframe: str | None
    composite_score: float | None
    archived: bool
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StrategyList(Shape, frozen=True, kw_only=True):
    """A page of strategies; ``skip`` and ``offset`` are the same number."""

    success: bool
    strategies: list[StrategyItem]
    total: int
    limit: int
    skip: int
    offset: int


class RankedItem(StrategyItem, frozen=True, kw_only=True):
    """A strategy in the leaderboard. The components add up to the score before ``sample`` scales it."""

    rank: int
    score_components: dict[str, float]


class Catalog(Shape, frozen=True, kw_only=True):
    """A page of the leaderboard."""

    success: bool
    strategies: list[RankedItem]
    total: int
    limit: int
    skip: int
    offset: int


class VersionItem(Shape, frozen=True, kw_only=True):
    """One version of a strategy."""

    version: str
    stage: Stage
    metrics: StrategyMetrics
    composite_score: float | None
    content_hash: str
    tags: Mapping[str, str]
    notes: str
    created_by: str
    created_at: datetime
    staged_at: datetime | None
    promoted_at: datetime | None


class AccountState(Shape, frozen=True, kw_only=True):
    """The strategy's own account: its share of what its votes on the floor came to."""

    cash_balance: float
    account_value: float
    total_trades: int
    num_open_positions: int


class ValidationView(Shape, frozen=True, kw_only=True):
    """The newest validation of the version in force; ``outcome`` once it is COMPLETED, ``error`` once it FAILED."""

    id: UUID
    state: Literal["QUEUED", "RUNNING", "COMPLETED", "FAILED"]
    outcome: Literal["PASS", "MARGINAL", "FAIL", "INSUFFICIENT_TRADES"] | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


class Strategy(StrategyItem, frozen=True, kw_only=True):
    """A strategy whole. ``rules``, ``execution_config`` and ``execution_state`` are null for code strategies."""

    user_id: str
    org_id: UUID
    agent_name: str
    weight: float
    revision: int
    session_id: str | None
    parent_strategy_id: UUID | None
    content_hash: str
    rules: RuleSet | None
    config: dict[str, Any]
    execution_config: ExecutionConfig | None
    execution_state: AccountState | None
    tags: Mapping[str, str]
    notes: str
    validation: ValidationView | None
    versions: list[VersionItem]


class OneStrategy(Strategy, frozen=True, kw_only=True):
    """The strategy twice: under ``strategy`` as Mangrove's clients look for it, and spread beside it as TradAI's do."""

    success: bool
    strategy: Strategy


def item(strategy: StoredStrategy, version: StoredVersion) -> StrategyItem:
    """A strategy at one of its versions."""
    return StrategyItem(**_item(strategy, version))


def ranked(listed: Listed) -> RankedItem:
    """A strategy of the leaderboard."""
    score = composite(listed.version.metrics or {})
    values = _item(listed.strategy, listed.version) | {"composite_score": score.composite_score}
    return RankedItem(
        **values, rank=listed.rank, score_components={**score.components, "sample": score.sample}
    )


def whole(
    strategy: StoredStrategy,
    version: StoredVersion,
    versions: Sequence[StoredVersion],
    state: ExecutionState | None,
    validation: Validation | None,
) -> OneStrategy:
    """Everything of a strategy, at the version in force."""
    tags = {name: text for name, text in version.tags.items() if name != SESSION_TAG}
    full = Strategy(
        **_item(strategy, version),
        user_id=strategy.owner,
        org_id=strategy.org_id,
        agent_name=strategy.agent_name,
        weight=strategy.weight,
        revision=strategy.revision,
        session_id=versions[0].tags.get(SESSION_TAG),
        parent_strategy_id=strategy.parent_id,
        content_hash=version.content_hash,
        rules=_rules(strategy, version),
        config=dict(version.body),
        execution_config=version.body.get("execution_config"),
        execution_state=None if state is None else account_state(state),
        tags=tags,
        notes=version.notes,
        validation=None if validation is None else _validation(validation),
        versions=[version_item(one) for one in reversed(versions)],
    )
    values = {name: getattr(full, name) for name in Strategy.__struct_fields__}
    return OneStrategy(**values, success=True, strategy=full)


def version_item(version: StoredVersion) -> VersionItem:
    """A version in the list of them."""
    tags = {name: text for name, text in version.tags.items() if name != SESSION_TAG}
    return VersionItem(
        metrics=metrics_of(version.metrics),
        composite_score=version.score,
        tags=tags,
        **{
            name: getattr(version, name)
            for name in (
                "version", "stage", "content_hash", "notes", "created_by", "created_at", "staged_at", "promoted_at",
            )
        },
    )  # fmt: skip


def metrics_of(metrics: Mapping[str, Any] | None) -> StrategyMetrics:
    """The figures that lists show, the drawdown as a negative fraction."""
    found = Figures.of(metrics or {})
    drawdown = found.max_drawdown
    return StrategyMetrics(
        sharpe_ratio=found.sharpe_ratio,
        total_return=found.total_return,
        max_drawdown=None if drawdown is None else 0.0 - drawdown,
        trades=found.trades,
        win_rate=found.win_rate,
    )


def _item(strategy: StoredStrategy, version: StoredVersion) -> dict[str, Any]:
    return {
        "id": strategy.id,
        "name": strategy.name,
        "version": version.version,
        "stage": version.stage,
        "description": strategy.description,
        "metrics": metrics_of(version.metrics),
        "asset": strategy.asset,
        "status": strategy.status,
        "kind": strategy.kind,
        "strategy_type": strategy.strategy_type,
        "exchange": strategy.exchange,
        "timeframe": strategy.timeframe,
        "composite_score": version.score,
        "archived": strategy.archived_at is not None,
        "archived_at": strategy.archived_at,
        "created_at": strategy.created_at,
        "updated_at": strategy.updated_at,
    }


def _rules(strategy: StoredStrategy, version: StoredVersion) -> dict[str, Any] | None:
    """The rules as published: under their slug, without what is told elsewhere."""
    if strategy.kind != "rules":
        return None
    kept = ("asset", "entry", "exit", "reward_factor", "relaxed", "side")
    return {
        "name": slug(strategy.name),
        **{name: version.body[name] for name in kept if name in version.body},
    }


def _validation(found: Validation) -> ValidationView:
    return ValidationView(
        **{field: getattr(found, field) for field in ValidationView.__struct_fields__},
    )


def account_state(state: ExecutionState) -> AccountState:
    """The account in numbers, as the published API has it."""
    return AccountState(
        cash_balance=float(state.cash_balance),
        account_value=float(state.account_value),
        total_trades=state.total_trades,
        num_open_positions=state.num_open_positions,
    )
