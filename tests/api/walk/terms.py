"""Holding an answer against a document's example: keys, kinds, words, sign and scale.

``TERMS`` says of every value in every example what it stands for: a range, a kind of text, or the words it may be. The
key is the value's place, from the right as far as it takes to be clear; ``*`` is a key that is data; a number in front is the
line of the example. ``?`` allows null.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.api.shaped_like import kind

KINDS: Mapping[str, str] = {
    "text": r"(?s).*\S.*",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "version": r"\d+\.\d+\.\d+",
    "decimal": r"\d+(\.\d+)?",
    "pair": r"[A-Z0-9]+/[A-Z0-9]+(:[A-Z0-9]+)?",
    "perpetual": r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+",
    "asset": r"[A-Z0-9]{2,10}",
    "duration": r"(\d+h)?(\d+m)?\d+s",
    "days": r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d",
}
ALPHAPULSE: Mapping[str, str] = {
    "27.status": "ok", "version": "version", "symbol": "asset", "48.symbol": r"BTC-PERP",
    "36.quantity": "0..", "48.quantity": "..0", "value_usd": "0..", "48.value_usd": "..0", "avg_entry_price": "0..", "leverage": "0..",
    "spot_value": "0..", "spot_qty": "0..", "futures_value": "..0", "futures_qty": "..0", "net_exposure": "..", "61.hedge_ratio": "0..1",
    "77": "map", "77.*": "0..1", "volatility": "0..5", "var_95": "0..1", "cvar_95": "0..1", "max_drawdown": "0..1",
    "sharpe_ratio": "..", "sortino_ratio": "..", "calmar_ratio": "..", "position_limits.default": "1..", "margin_limits.total": "1..",
    "exposure_limits.total": "1..", "drawdown_limits.max": "1..", "120.asset": "asset", "recommended_size": "0..", "max_size": "0..",
    "risk_per_trade": "0..", "stop_loss": "0..", "take_profit": "0..", "commentary": "text", "adjustments.asset": "asset",
    "action": "text", "priority": "high|medium|low", "current_net_exposure": "-1..1", "target_net_exposure": "-1..1",
    "risk_metrics.hedge_ratio": "0..", "correlation": "-1..1", "153.status": "completed", "169.status": "completed",
    "executed_trades.asset": r"BTC-PERP", "153.executed_trades.side": "sell", "169.executed_trades.side": "buy",
    "executed_trades.amount": "decimal", "executed_trades.price": "decimal", "message": "text", "total_value": "0..", "cash": "..",
    "positions.symbol": r"[A-Z0-9]{2,10}|[A-Z0-9]{2,10}-PERP", "positions.quantity": "..", "positions.value": "..", "allocation": "-1..1", "timestamp": "time",
    "218.status": "success", "234.value": "0..", "251.value": "0..", "change_24h": "-1..1", "type": "metrics_update|new_alert|portfolio_update|new_trade",
    "data.portfolio_value": "0..", "data.id": "text", "severity": "info|warning|error|critical", "data.symbol": "asset", "data.side": "buy|sell",
    "data.quantity": "0..", "data.price": "0..", "regime": "BULL|BEAR|SIDEWAYS|CRISIS|RECOVERY", "confidence": "0..1",
    "volatility_threshold": "0..1", "leverage_multiplier": "0..2", "position_limit": "0..1", "start_time": "time", "end_time": "time?",
    "379.volatility": "0..5", "trend_strength": "0..1", "volume_ratio": "0..",
}  # fmt: skip
TRADAI: Mapping[str, str] = {
    "job_id": "uuid", "152.status": "QUEUED", "created_at": "time", "jobs.status": "QUEUED|RUNNING|COMPLETED|FAILED|CANCELLED",
    "strategy_name": "text", "strategy_version": "text", "completed_at": "time", "total_return": "-1..", "sharpe_ratio": "..",
    "max_drawdown": "-1..0", "trades_count": "count", "win_rate": "0..1", "profit_factor": "0..", "cursor": "text", "162.total": "count",
    "188.status": "RUNNING", "progress.current": "count", "progress.total": "count", "percentage": "count", "message": "text",
    "equity_curve.timestamp": "time", "portfolio_value": "0..", "drawdown_percent": "-100..0", "summary.strategy": "text",
    "period": "days", "metrics.trades": "count", "entry_time": "time", "exit_time": "time", "trades.symbol": "perpetual",
    "trades.side": "long|short", "entry_price": "0..", "exit_price": "0..", "pnl": "..", "equity_curve_url": "text",
    "drawdown_url": "text", "id": "uuid", "name": "text", "version": "version", "256.strategies.stage": "dev|staging|prod",
    "description": "text", "updated_at": "time", "256.total": "count", "limit": "count", "offset": "count", "287.stage": "staging",
    "287.status": "validation_in_progress", "299.stage": "prod", "promoted_at": "time", "previous_version": "version",
    "symbols": "perpetual", "exchange": "text", "311.count": "count", "last_updated": "time", "freshness": "map",
    "last_update": "time", "hours_old": "0..", "threshold_hours": "count", "checked_at": "time", "351.status": "completed",
    "symbols_synced": "count", "new_rows": "count", "sync_duration_ms": "count", "model_name": "text", "363.stage": "prod|staging|archived|none",
    "versions.metrics": "free", "rolled_back_to": "version", "395.status": "completed", "395.timestamp": "time",
    "408.status": "RUNNING", "419.status": "COMPLETED",
}  # fmt: skip
MANGROVE: Mapping[str, str] = {
    "id": "uuid", "name": "text", "asset": "asset", "status": "inactive", "created_at": "time", "total": "count",
    "skip": "count", "limit": "count", "rules.name": r"[a-z0-9_]+", "entry.name": r"[a-z0-9_]+", "signal_type": "TRIGGER|FILTER",
    "timeframe": "5m|15m|30m|1h|4h|1D", "params": "free", "reward_factor": "0.9..10", "max_risk_per_trade": "0..0.2",
    "stop_loss_calculation": "dynamic_atr|fixed", "atr_period": "count", "atr_volatility_factor": "0..", "cash_balance": "0..",
    "account_value": "0..", "total_trades": "count", "num_open_positions": "count",
}  # fmt: skip
CRYPTOFUNK: Mapping[str, str] = {
    "63.name": "text", "version": "version", "63.status": "running", "69.status": "healthy", "uptime": "duration",
    "80.status": "operational", "components.database": "healthy", "components.api": "healthy",
    "components.websocket": "healthy", "connected_clients": "count", "agents.name": "text", "agents.status": "active|inactive|error",
    "last_seen_at": "time", "agents.metadata": "free", "count": "count", "agent.name": "text",
    "agent.status": "active|inactive|error", "agent.metadata": "free", "141.name": "text", "141.status": "active|inactive|error",
    "id": "uuid", "session_id": "uuid", "position_id": "uuid", "symbol": "pair", "exchange": "PAPER", "positions.side": "LONG|SHORT",
    "position.side": "LONG|SHORT", "entry_price": "0..", "quantity": "0..", "entry_time": "time", "stop_loss": "0..?", "take_profit": "0..?",
    "realized_pnl": "..", "unrealized_pnl": "..", "fees": "..", "entry_reason": "text", "exchange_order_id": "text",
    "orders.side": "BUY|SELL", "order.side": "BUY|SELL", "orders.type": "MARKET|LIMIT|STOP_LOSS|TAKE_PROFIT",
    "order.type": "MARKET|LIMIT|STOP_LOSS|TAKE_PROFIT", "orders.status": "FILLED", "225.order.status": "FILLED",
    "257.order.status": "NEW|FILLED", "274.order.status": "CANCELED", "executed_quantity": "0..", "executed_quote_quantity": "0..",
    "time_in_force": "GTC|IOC|FOK", "placed_at": "time", "filled_at": "time", "canceled_at": "time", "message": "text",
    "292.mode": "PAPER", "started_at": "time", "final_capital": "0..", "total_pnl": "..", "total_trades": "count", "stopped_at": "time",
    "note": "text", "app.name": "text", "environment": "text", "log_level": "text", "trading.mode": "paper|live", "symbols": "pair", "trading.exchange": "text",
    "initial_capital": "1..", "max_positions": "count", "default_quantity": "0..", "max_position_size": "0..1", "max_daily_loss": "0..1",
    "risk.max_drawdown": "0..1", "default_stop_loss": "0..1", "default_take_profit": "0..", "min_confidence": "0..1", "gateway": "text",
    "primary_model": "text", "fallback_model": "text", "temperature": "0..2", "max_tokens": "count", "updates": "same",
    "agent_name": "text", "decision_type": "text", "decision": "BUY|SELL|HOLD", "confidence": "0..1", "reasoning": "text",
    "context": "free", "prompt_tokens": "count", "completion_tokens": "count", "model": "text", "outcome": "SUCCESS|FAILURE|PENDING",
    "actual_pnl": "..", "created_at": "time", "filter.limit": "count", "filter.offset": "count", "prompt": "text", "response": "text",
    "prompt_embedding": "-1..1", "decision_id": "uuid", "similarity": "-1..1", "total_decisions": "count", "by_outcome": "map",
    "by_outcome.*": "count", "by_decision_type": "map", "by_decision_type.*": "count", "avg_confidence": "0..1", "success_rate": "0..1",
    "avg_pnl": "..", "by_model": "map", "by_model.*": "count", "total_cost": "0..", "avg_latency_ms": "0..",
    "514.type": "text", "timestamp": "time", "521.type": "position_update", "535.type": "order_update", "549.type": "trade",
    "563.type": "agent_status", "576.type": "system_status", "589.type": "error", "604.type": "pong", "521.data.side": "LONG|SHORT",
    "535.data.side": "BUY|SELL", "549.data.side": "BUY|SELL", "order_id": "uuid", "535.data.type": "MARKET|LIMIT|STOP_LOSS|TAKE_PROFIT",
    "535.data.status": "FILLED", "trade_id": "text", "price": "0..", "commission": "0..", "executed_at": "time", "563.data.name": "text",
    "563.data.status": "active|inactive|error", "data.metadata": "free", "576.data.status": "trading_started", "589.data.error": "text",
    "details": "text", "severity": "text",
}  # fmt: skip
TERMS: Mapping[str, Mapping[str, str]] = {
    "ampfi": {}, "alphapulse": ALPHAPULSE, "tradai": TRADAI, "mangrove": MANGROVE, "cryptofunk": CRYPTOFUNK,
}  # fmt: skip
RANGE = re.compile(r"(-?[\d.]*?)\.\.(-?[\d.]*)")


def term_of(terms: Mapping[str, str], line: int, path: tuple[str, ...]) -> tuple[str, str] | None:
    """The key and the term for the value at ``path`` of the example at ``line``: the most particular one."""
    for start in range(len(path) + 1):
        tail = ".".join(path[start:])
        keys = [f"{line}.{tail}" if tail else str(line)] + ([tail] if tail else [])
        found = next((key for key in keys if key in terms), None)
        if found is not None:
            return found, terms[found]
    return None


class Comparison:
    """What an answer lacks of one example, and which terms were needed to say so."""

    def __init__(self, terms: Mapping[str, str], line: int) -> None:
        self.terms, self.line = terms, line
        self.used: set[str] = set()

    def __call__(self, example: Any, answer: Any, path: tuple[str, ...] = ()) -> list[str]:
        """Differences of ``answer``, each with its place; none when it is as documented."""
        found = term_of(self.terms, self.line, path)
        self.used |= {found[0]} if found else set()
        term = found[1] if found else ""
        where = ".".join(path) or "$"
        if example is None and not found:
            return []
        if term == "free":
            return (
                [] if isinstance(answer, dict) and answer else [f"{where}: {answer!r} instead of an object"]
            )
        if term == "same":
            return [] if answer == example else [f"{where}: {answer!r} instead of {example!r}"]
        if answer is None:
            return [] if example is None or term.endswith("?") else [f"{where}: null"]
        if example is not None and kind(example) != kind(answer):
            return [f"{where}: {kind(answer)} instead of {kind(example)}"]
        if isinstance(example, dict):
            return self._object(example, answer, path, term == "map")
        if isinstance(example, list):
            return self._list(example, answer, path, where)
        return [] if isinstance(example, bool) else _value(answer, term.rstrip("?"), where)

    def _object(self, example: Any, answer: Any, path: tuple[str, ...], keys_are_data: bool) -> list[str]:
        where = ".".join(path) or "$"
        if keys_are_data:
            first = next(iter(example.values()))
            wrong = [d for value in answer.values() for d in self(first, value, (*path, "*"))]
            return wrong if answer else [f"{where}: empty"]
        missing = [f"{where}.{key}: missing" for key in example if key not in answer]
        return missing + [
            d
            for key, value in example.items()
            if key in answer
            for d in self(value, answer[key], (*path, key))
        ]

    def _list(self, example: Any, answer: Any, path: tuple[str, ...], where: str) -> list[str]:
        if not example:
            return []
        return [d for item in answer for d in self(example[0], item, path)] if answer else [f"{where}: empty"]


def _value(answer: Any, term: str, where: str) -> list[str]:
    if not term:
        return [f"{where}: no term says what it stands for"]
    if isinstance(answer, str):
        wanted = KINDS.get(term, term)
        return [] if re.fullmatch(wanted, answer) else [f"{where}: {answer[:80]!r} is not {term}"]
    if term == "count":
        return [] if isinstance(answer, int) and answer >= 0 else [f"{where}: {answer} is not a count"]
    bounds = RANGE.fullmatch(term)
    assert bounds, f"{where}: {term!r} says nothing of a number"
    low, high = (float(text) if text else None for text in bounds.groups())
    inside = (low is None or answer >= low) and (high is None or answer <= high)
    return [] if inside else [f"{where}: {answer} is not within {term}"]


def unlike(product: str, line: int, example: Any, answer: Any) -> list[str]:
    """Differences of an answer from the example at ``line`` of a product's document."""
    return Comparison(TERMS[product], line)(example, answer)


TYPES: Mapping[str, str] = {
    "number": "number", "string": "string", "boolean": "bool", "object": "object", "null": "null", "UUID": "string", "timestamp": "string",
}  # fmt: skip


def unlike_model(fields: Mapping[str, str], answer: Mapping[str, Any]) -> list[str]:
    """Differences of an answer from a data model's fields and types."""
    found = [f"{name}: missing" for name in fields if name not in answer]
    for name, written in fields.items():
        if name in answer and not any(_is(answer[name], one.strip()) for one in written.split("|")):
            found.append(f"{name}: {answer[name]!r} is not {written}")
    return found


def _is(value: Any, written: str) -> bool:
    if written.startswith('"'):
        return bool(value == written.strip('"'))
    if kind(value) != TYPES[written]:
        return False
    name = {"UUID": "uuid", "timestamp": "time"}.get(written)
    return name is None or re.fullmatch(KINDS[name], value) is not None
