"""The contract's routes and sockets, and a call of each that must succeed."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AWAITED: tuple[str, ...] = ()
"""Routes of the contract that are not there yet."""
ELSEWHERE = {
    "GET /api/v1/public/strategy/{}": "tests/api/test_public_strategy.py", "POST /mcp/{}": "tests/contract/test_gateway.py",
    "POST /api/v1/tools/{}": "tests/contract/test_gateway.py", "POST /api/v1/execution/accounts": "tests/e2e/test_compat.py",
    "GET /mlflow/{}": "tests/api/test_mlflow.py", "POST /mlflow/{}": "tests/api/test_mlflow.py",
    "GET /mlflow/models/{}": "tests/api/test_mlflow.py", "GET /mlflow/experiments/{}": "tests/api/test_mlflow.py",
}  # fmt: skip
"""Routes that need servers or years of candles behind them, which that file has."""


def bare(path: str) -> str:
    """A path template without its parameters' names."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@dataclass(frozen=True, slots=True)
class Contracted:
    """One line of the contract."""

    section: str
    product: str
    method: str
    path: str

    @property
    def name(self) -> str:
        """``GET /api/v1/orders/{}``."""
        return f"{self.method} {bare(self.path)}"


def contract() -> list[Contracted]:
    """Every route and socket of the contract's sections 0-3 and 6-8."""
    with (HERE / "contract.csv").open() as lines:
        return [Contracted(**row) for row in csv.DictReader(lines)]


@dataclass(frozen=True, slots=True)
class Call:
    """How a route is called so that it succeeds; ``body`` None: what its own OpenAPI example says, or nothing.

    ``kept`` is the part of the answer that later calls need, as ``part.of.it=name``. ``status`` is for what cannot succeed
    without a service of somebody else's.
    """

    path: str = ""
    body: Any = None
    form: dict[str, str] | None = None
    role: str = "admin"
    kept: str = ""
    status: int | None = None


RULE = {"signal_type": "TRIGGER", "timeframe": "1h"}
RULES = {
    "name": "mine", "asset": "BTC",
    "entry": [
        {"name": "sma_cross_up", **RULE, "params": {"window_fast": 5, "window_slow": 30}},
        {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 20}},
    ],
    "exit": [], "reward_factor": 2.0,
}  # fmt: skip
CODE_RUN = {
    "strategy_config": {"name": "mine", "version": "1.0.0"},
    "date_range": {"start": "{month_ago}T00:00:00Z", "end": "{week_ago}T00:00:00Z"},
    "exchange": "binance", "timeframe": "1h", "capital": 10000, "leverage": 1.0, "symbols": ["BTC/USDT"],
}  # fmt: skip
RUN = {
    "strategy_id": "{strategy}",
    "asset": "BTC",
    "interval": "1h",
    "start_date": "{month_ago}",
    "end_date": "{week_ago}",
}
ALERT_RULE = {
    "name": "any",
    "metric_name": "memory_usage_percent",
    "condition": "> 0",
    "severity": "info",
    "hysteresis": 1,
}
CALLS: dict[str, Call] = {
    "POST /token": Call(form={"username": "ann", "password": "{password}"}, role=""),
    "POST /oauth2/token": Call(
        form={"grant_type": "client_credentials", "client_id": "{client_id}", "client_secret": "{client_secret}",
              "scope": "tradai/api"}, role="",
    ),
    "POST /api/v1/auth/login": Call(body={"firebase_token": "eyJ"}, role="", status=401),
    "POST /api/v1/auth/refresh": Call(body={"refresh_token": "{refresh_token}"}, role=""),
    "GET /api/v1/risk/position-size/{}": Call("/api/v1/risk/position-size/BTC"),
    "GET /api/v1/metrics/{}": Call("/api/v1/metrics/portfolio_value"),
    "GET /api/v1/metrics/{}/latest": Call("/api/v1/metrics/portfolio_value/latest"),
    "POST /api/v1/hedging/execute": Call(body={}),
    "POST /api/v1/hedging/close": Call(body={}),
    "POST /api/v1/alerts/rules": Call(body=ALERT_RULE, kept="rule_id"),
    "GET /api/v1/alerts/rules/{}": Call("/api/v1/alerts/rules/{rule_id}"),
    "PUT /api/v1/alerts/rules/{}": Call("/api/v1/alerts/rules/{rule_id}", body={**ALERT_RULE, "name": "other"}),
    "DELETE /api/v1/alerts/rules/{}": Call("/api/v1/alerts/rules/{rule_id}"),
    "POST /api/v1/alerts/{}/acknowledge": Call("/api/v1/alerts/{alert}/acknowledge"),
    "POST /api/v1/regime/analyze": Call(body={"market_data": {"symbol": "BTC", "timeframe": "1h", "lookback_hours": 24}}),
    "GET /api/v1/correlation/matrix": Call("/api/v1/correlation/matrix?symbols=BTC/USDT,ETH/USDT&lookback_days=60"),
    "GET /api/v1/correlation/rolling": Call(
        "/api/v1/correlation/rolling?symbol1=BTC/USDT&symbol2=ETH/USDT&lookback_days=90"
    ),
    "POST /api/v1/strategies": Call(body={**RULES, "name": "other"}, kept="id=other"),
    "GET /api/v1/strategies/{}": Call("/api/v1/strategies/mine"),
    "PUT /api/v1/strategies/{}": Call("/api/v1/strategies/{other}", body={"name": "another"}),
    "DELETE /api/v1/strategies/{}": Call("/api/v1/strategies/{other}"),
    "PATCH /api/v1/strategies/{}/status": Call("/api/v1/strategies/{other}/status", body={"status": "paper"}),
    "PATCH /api/v1/strategies/{}/execution-state": Call("/api/v1/strategies/{other}/execution-state", body={"cash_balance": 900}),
    "GET /api/v1/strategies/{}/verify": Call("/api/v1/strategies/mine/verify"),
    "POST /api/v1/strategies/{}/archive": Call("/api/v1/strategies/{other}/archive"),
    "POST /api/v1/strategies/{}/unarchive": Call("/api/v1/strategies/{other}/unarchive"),
    "POST /api/v1/strategies/{}/stage": Call("/api/v1/strategies/mine/stage", body={"version": "1.0.0"}, kept="validation_id"),
    "POST /api/v1/strategies/{}/promote": Call("/api/v1/strategies/mine/promote", body={"version": "1.0.0"}),
    "POST /api/v1/strategies/{}/register": Call(
        "/api/v1/strategies/mine/register", body={"job_id": "{done}", "version": "1.0.0"}
    ),
    "POST /api/v1/strategies/merge": Call(body={"strategy": "mine", "parameters": {"is_above_sma.window": 50}}),
    "POST /api/v1/strategies/{}/run": Call("/api/v1/strategies/{voice}/run", kept="instance_id"),
    "GET /api/v1/strategies/{}/instances": Call("/api/v1/strategies/{voice}/instances"),
    "GET /api/v1/strategies/{}/instances/{}/logs": Call("/api/v1/strategies/{voice}/instances/{instance_id}/logs"),
    "POST /api/v1/strategies/{}/instances/{}/stop": Call("/api/v1/strategies/{voice}/instances/{instance_id}/stop", body={}),
    "GET /api/v1/regime/analysis/{}": Call("/api/v1/regime/analysis/bull"),
    "GET /api/v1/crypto-assets/global-market": Call(status=404),
    "GET /api/v1/risk-budget/regime/{}": Call("/api/v1/risk-budget/regime/bull"),
    "POST /api/v1/ensemble/create": Call(kept="id=ensemble"),
    "POST /api/v1/ensemble/{}/register-agent": Call("/api/v1/ensemble/{ensemble}/register-agent"),
    "POST /api/v1/ensemble/{}/predict": Call("/api/v1/ensemble/{ensemble}/predict"),
    "GET /api/v1/ensemble/{}/performance": Call("/api/v1/ensemble/{ensemble}/performance"),
    "GET /api/v1/ensemble/{}/weights": Call("/api/v1/ensemble/{ensemble}/weights"),
    "POST /api/v1/ensemble/{}/optimize-weights": Call("/api/v1/ensemble/{ensemble}/optimize-weights"),
    "DELETE /api/v1/ensemble/{}": Call("/api/v1/ensemble/{ensemble}"),
    "POST /api/v1/liquidity/assess": Call(body={"symbol": "BTC/USDT", "quantity": 1}),
    "POST /api/v1/liquidity/impact": Call(body={"symbol": "BTC/USDT", "quantity": 1}),
    "POST /api/v1/liquidity/execution-strategy": Call(body={"symbol": "BTC/USDT", "quantity": 1}),
    "POST /api/v1/liquidity/stress-test": Call(body={}),
    "GET /api/v1/liquidity/metrics/{}": Call("/api/v1/liquidity/metrics/BTCUSDT"),
    "GET /api/v1/liquidity/history/{}": Call("/api/v1/liquidity/history/BTCUSDT"),
    "GET /api/v1/data-quality/{}": Call("/api/v1/data-quality/BTCUSDT"),
    "GET /api/v1/audit/reports/{}": Call("/api/v1/audit/reports/trading"),
    "PUT /api/v1/credentials/{}/rotate": Call("/api/v1/credentials/binance/rotate"),
    "DELETE /api/v1/credentials/{}": Call("/api/v1/credentials/binance"),
    "POST /api/v1/hyperopt": Call(
        body={**CODE_RUN, "epochs": 2, "vary": {"entry[1].params.window": [10, 20]}}, kept="job_id=search"
    ),
    "GET /api/v1/hyperopt/{}": Call("/api/v1/hyperopt/{search}"),
    "POST /api/v1/data/sync/incremental": Call(body={"symbols": ["BTC/USDT:USDT"], "exchange": "binance_futures"}),
    "POST /api/v1/strategies/validate": Call(body=RULES),
    "POST /api/v1/backtests/bulk": Call(
        body={"strategy_ids": ["{strategy}"], "start_date": "{month_ago}", "end_date": "{week_ago}", "interval": "1h"}
    ),
    "POST /api/v1/backtests/{}/archive": Call("/api/v1/backtests/{done}/archive"),
    "POST /api/v1/backtests/{}/unarchive": Call("/api/v1/backtests/{done}/unarchive"),
    "GET /api/v1/backtests/benchmark": Call("/api/v1/backtests/benchmark?asset=BTC&start_date={month_ago}&end_date={week_ago}"),
    "POST /api/v1/backtesting/run": Call(
        body={"symbols": ["BTC/USDT"], "timeframe": "1h", "start_date": "{month_ago}", "end_date": "{week_ago}"}
    ),
    "POST /api/v1/explainability/explain-decision": Call(body={"decision_id": "{decision}"}),
    "GET /api/v1/explainability/agent-explanation/{}": Call("/api/v1/explainability/agent-explanation/technical"),
    "GET /api/v1/explainability/feature-importance/{}": Call("/api/v1/explainability/feature-importance/BTCUSDT"),
    "GET /api/v1/explainability/explanation-history/{}": Call("/api/v1/explainability/explanation-history/BTCUSDT"),
    "GET /api/documents/{}": Call("/api/documents/api"),
    "GET /api/documents/{}/sections": Call("/api/documents/api/sections"),
    "GET /api/search": Call("/api/search?q=risk"),
    "GET /api/backlinks/{}": Call("/api/backlinks/api"),
    "GET /api/v1/catalog/strategies/{}": Call("/api/v1/catalog/strategies/mine"),
    "GET /api/v1/catalog/strategies/{}/compare": Call("/api/v1/catalog/strategies/mine/compare?baseline=1.0.0&candidate=1.0.0"),
    "POST /api/v1/backtests": Call(body=CODE_RUN, kept="job_id"),
    "POST /api/v1/backtesting/backtest": Call(body=RUN),
    "POST /api/v2/backtests": Call(body=RUN, kept="backtest_id"),
    "GET /api/v2/backtests/{}/status": Call("/api/v2/backtests/{backtest_id}/status"),
    "GET /api/v1/backtests/{}": Call("/api/v1/backtests/{done}"),
    "GET /api/v1/backtests/{}/trades": Call("/api/v1/backtests/{done}/trades"),
    "GET /api/v1/backtests/{}/equity": Call("/api/v1/backtests/{done}/equity"),
    "GET /api/v1/backtests/{}/report-data": Call("/api/v1/backtests/{done}/report-data"),
    "POST /api/v1/backtests/{}/cancel": Call("/api/v1/backtests/{waiting}/cancel"),
    "GET /api/v1/models/{}/versions": Call("/api/v1/models/{model}/versions"),
    "GET /api/v1/models/{}/rollback-candidates": Call("/api/v1/models/{model}/rollback-candidates"),
    "POST /api/v1/models/{}/rollback": Call("/api/v1/models/{model}/rollback", body={"target_version": "1.1.0"}),
    "POST /api/v1/data/sync": Call(
        body={"symbols": ["BTC/USDT:USDT"], "exchange": "binance_futures", "start": "2024-03-01", "end": "2024-03-02"}
    ),
    "GET /api/v1/data/symbols": Call("/api/v1/data/symbols?source=stored"),
    "POST /api/v1/ws/ticket": Call(body={}),
    "GET /api/v1/execution/accounts/{}": Call("/api/v1/execution/accounts/{session}"),
    "PUT /api/v1/execution/accounts/{}": Call("/api/v1/execution/accounts/{session}", body={"active": True}),
    "GET /api/v1/execution/positions/{}": Call("/api/v1/execution/positions/{position}"),
    "POST /api/v1/execution/evaluate/{}": Call("/api/v1/execution/evaluate/mine", body={"persist": True}),
    "POST /api/v1/execution/evaluate": Call(body={"strategy": RULES, "persist": False}),
    "POST /api/v1/execution/evaluate/bulk": Call(body={"strategy_ids": ["mine"]}),
    "GET /api/v1/execution/portfolio": Call("/api/v1/execution/portfolio?strategy_ids={strategy}"),
    "GET /api/v1/signals/{}": Call("/api/v1/signals/rsi_oversold"),
    "POST /api/v1/signals/search": Call(body={"query": "rsi", "search_type": "name"}),
    "POST /api/v1/signals/match": Call(body={"description": "buy when the market is oversold"}),
    "POST /api/v1/signals/{}/evaluate": Call(
        "/api/v1/signals/price_above_ema/evaluate",
        body={"market_data": [{"close": 100.0 + i} for i in range(30)], "parameters": {"window": 5}},
    ),
    "POST /api/v1/signals/{}/validate-params": Call(
        "/api/v1/signals/rsi_oversold/validate-params", body={"params": {"window": 14}}
    ),
    "GET /api/v1/crypto-assets/symbols/{}": Call("/api/v1/crypto-assets/symbols/BTC"),
    "GET /api/v1/crypto-assets/symbols/{}/exchanges": Call("/api/v1/crypto-assets/symbols/BTC/exchanges"),
    "GET /api/v1/crypto-assets/ohlcv/{}": Call("/api/v1/crypto-assets/ohlcv/BTC?days=30"),
    "GET /api/v1/crypto-assets/market-data/{}": Call("/api/v1/crypto-assets/market-data/BTC"),
    "GET /api/v1/market-data/regime/{}": Call("/api/v1/market-data/regime/BTC"),
    "GET /api/v1/market-data/segment": Call("/api/v1/market-data/segment?asset=BTC"),
    "POST /api/v1/auth/api-keys": Call(body={"name": "one", "scopes": ["strategy:read"], "expires_days": 30}, kept="key_id"),
    "DELETE /api/v1/auth/api-keys/{}": Call("/api/v1/auth/api-keys/{key_id}"),
    "POST /api/v1/api-keys": Call(body={"name": "two", "role": "viewer"}, kept="api_key.id=key"),
    "DELETE /api/v1/api-keys/{}": Call("/api/v1/api-keys/{key}"),
    "GET /api/v1/docs/content": Call("/api/v1/docs/content?path=api.md"),
    "GET /api/v1/agents/{}": Call("/api/v1/agents/technical"),
    "GET /api/v1/agents/{}/status": Call("/api/v1/agents/technical/status"),
    "GET /api/v1/agents/{}/calibration": Call("/api/v1/agents/technical/calibration"),
    "GET /api/v1/positions/{}": Call("/api/v1/positions/BTC/USDT"),
    "GET /api/v1/orders/{}": Call("/api/v1/orders/{order}"),
    "POST /api/v1/orders": Call(
        body={"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 41500.0}, kept="order.id=working"
    ),
    "DELETE /api/v1/orders/{}": Call("/api/v1/orders/{working}"),
    "POST /api/v1/trade/start": Call(body={"symbol": "ETH/USDT", "initial_capital": 10000.0, "mode": "PAPER"}),
    "POST /api/v1/trade/stop": Call(body={"session_id": "{session}", "final_capital": 10500.0}),
    "POST /api/v1/trade/pause": Call(body={"session_id": "{session}"}),
    "POST /api/v1/trade/resume": Call(body={"session_id": "{session}"}),
    "POST /api/v1/trade/halt": Call(body={"reason": "drill"}),
    "POST /api/v1/trade/unhalt": Call(body={"reason": "over"}),
    "POST /api/v1/trade/breaker/reset": Call(body={"reason": "accepted"}),
    "PATCH /api/v1/config": Call(body={"max_position_size": 0.15}),
    "GET /api/v1/decisions/{}": Call("/api/v1/decisions/{decision}"),
    "GET /api/v1/decisions/{}/similar": Call("/api/v1/decisions/{decision}/similar"),
    "GET /api/v1/decisions/{}/explain": Call("/api/v1/decisions/{decision}/explain"),
    "POST /api/v1/decisions/{}/replay": Call("/api/v1/decisions/{decision}/replay", body={}),
    "POST /api/v1/decisions/{}/feedback": Call("/api/v1/decisions/{decision}/feedback", body={"rating": "positive"}),
    "GET /api/v1/decisions/{}/feedback": Call("/api/v1/decisions/{decision}/feedback"),
    "POST /api/v1/decisions/search": Call(body={"query": "technical voice"}),
    "GET /api/v1/sessions/{}": Call("/api/v1/sessions/{session}"),
    "GET /api/v1/sessions/{}/equity": Call("/api/v1/sessions/{session}/equity"),
}  # fmt: skip
FIRST = ("POST /api/v1/backtests/{}/cancel",)
"""What needs that no worker is there yet."""
LAST = (
    "POST /api/v1/strategies/{}/instances/{}/stop", "POST /api/v1/trade/stop", "DELETE /api/v1/strategies/{}",
    "DELETE /api/v1/alerts/rules/{}", "DELETE /api/v1/orders/{}", "DELETE /api/v1/api-keys/{}", "DELETE /api/v1/auth/api-keys/{}",
    "DELETE /api/v1/ensemble/{}", "DELETE /api/v1/credentials/{}",
)  # fmt: skip
"""What ends something that others need."""
QUEUED = (
    "POST /api/v1/hyperopt", "GET /api/v1/hyperopt/{}", "POST /api/v1/strategies/{}/stage", "POST /api/v1/strategies/{}/promote",
)  # fmt: skip
"""What a worker would be busy with for longer than a test should be."""
