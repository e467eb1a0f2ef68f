"""Strategies, versions and what became of them, as programs and people see them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.strategies.history import Change
from db.strategies.listing import Listed
from db.strategies.rows import StoredStrategy, StoredVersion
from db.strategies.staging import Promoted, PromotionRefused
from db.strategies.validations import Validation
from openoutcry.strategy.account import ExecutionState
from openoutcry.strategy.figures import Figures
from openoutcry.strategy.ranking import composite
from openoutcry.types.amounts import plain

FIGURES = ("total_return", "sharpe_ratio", "max_drawdown", "win_rate", "trades")


def item(strategy: StoredStrategy, version: StoredVersion) -> dict[str, Any]:
    """What lists show of a strategy."""
    return {
        "id": str(strategy.id),
        "name": strategy.name,
        "version": version.version,
        "stage": version.stage,
        "status": strategy.status,
        "kind": strategy.kind,
        "asset": strategy.asset,
        "strategy_type": strategy.strategy_type,
        "description": strategy.description,
        "exchange": strategy.exchange,
        "timeframe": strategy.timeframe,
        "metrics": figures(version.metrics),
        "composite_score": version.score,
        "archived": strategy.archived_at is not None,
        "created_at": _iso(strategy.created_at),
        "updated_at": _iso(strategy.updated_at),
    }


def ranked(listed: Listed) -> dict[str, Any]:
    """What the leaderboard shows."""
    score = composite(listed.version.metrics or {})
    return {
        "rank": listed.rank,
        **item(listed.strategy, listed.version),
        "composite_score": score.composite_score,
        "score_components": {**score.components, "sample": score.sample},
    }


def figures(metrics: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The figures that lists show; None without any."""
    return None if metrics is None else Figures.of(metrics).model_dump(include=set(FIGURES))


def full(
    strategy: StoredStrategy, version: StoredVersion, state: ExecutionState | None, newest: Validation | None
) -> dict[str, Any]:
    """Everything of a strategy at one version."""
    return {
        **item(strategy, version),
        "agent_name": strategy.agent_name,
        "weight": strategy.weight,
        "user_id": strategy.owner,
        "org_id": str(strategy.org_id),
        "parent_strategy_id": None if strategy.parent_id is None else str(strategy.parent_id),
        "revision": strategy.revision,
        "archived_at": _iso(strategy.archived_at),
        "content_hash": version.content_hash,
        "rules": {key: value for key, value in version.body.items() if key != "execution_config"},
        "execution_config": version.body.get("execution_config"),
        "execution_state": None if state is None else account(state),
        "tags": version.tags,
        "notes": version.notes,
        "metrics": version.metrics,
        "metrics_from": version.metrics_from,
        "metrics_at": _iso(version.metrics_at),
        "validation": None if newest is None else validation(newest),
    }


def account(state: ExecutionState) -> dict[str, Any]:
    """An execution state with numbers, as the published API has it."""
    return {
        "cash_balance": float(state.cash_balance),
        "account_value": float(state.account_value),
        "total_trades": state.total_trades,
        "num_open_positions": state.num_open_positions,
    }


def version(one: StoredVersion) -> dict[str, Any]:
    """One version in a list of them."""
    return {
        "version": one.version,
        "stage": one.stage,
        "content_hash": one.content_hash,
        "metrics": figures(one.metrics),
        "metrics_from": one.metrics_from,
        "composite_score": one.score,
        "tags": one.tags,
        "notes": one.notes,
        "created_by": one.created_by,
        "created_at": _iso(one.created_at),
        "staged_at": _iso(one.staged_at),
        "promoted_at": _iso(one.promoted_at),
    }


def validation(one: Validation) -> dict[str, Any]:
    """A validation with its report."""
    return {
        "id": str(one.id),
        "state": one.state,
        "outcome": one.outcome,
        "error": one.error,
        "asked": one.asked,
        "report": one.report,
        "requested_by": one.requested_by,
        "created_at": _iso(one.created_at),
        "ended_at": _iso(one.ended_at),
    }


def change(line: Change) -> dict[str, Any]:
    """A line of the history."""
    return {
        "number": line.number,
        "at": _iso(line.at),
        "who": line.who,
        "what": line.what,
        "version": line.version,
        "from": line.before,
        "to": line.after,
        "reason": line.reason,
        "forced": line.forced,
    }


def promotion(done: Promoted) -> dict[str, Any]:
    """A version that went to production."""
    return {
        "promoted": True,
        "name": done.name,
        "version": done.version,
        "stage": "prod",
        "status": done.status,
        "promoted_at": _iso(done.promoted_at),
        "previous_version": done.previous_version,
        "forced": done.forced,
    }


def refusal(refused: PromotionRefused) -> dict[str, Any]:
    """A version that did not, and every gate it failed."""
    return {
        "promoted": False,
        "name": refused.name,
        "version": refused.version,
        "outcome": refused.outcome,
        "failures": [failure.model_dump(mode="json") for failure in refused.failures],
        "message": str(refused),
    }


def table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> str:
    """Rows as aligned text, columns named by their keys; figures are looked up in ``metrics`` too."""
    names = list(columns)
    cells = [names, *([_cell(_value(row, name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _value(row: Mapping[str, Any], name: str) -> Any:
    return row[name] if name in row else (row.get("metrics") or {}).get(name)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return plain(value) if isinstance(value, Decimal) else str(value)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
