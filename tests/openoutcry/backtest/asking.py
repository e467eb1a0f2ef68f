"""Bodies of both shapes, and requests made of them."""

from datetime import UTC, datetime
from typing import Any

from openoutcry.backtest.request.asked import Named, read
from openoutcry.backtest.request.completing import Found, complete
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.strategy.definition import of_rules
from tests.openoutcry.strategy.given import DEFAULTS, SEED, strategy

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
TRADAI: dict[str, Any] = {
    "strategy_config": {"name": "MyStrategy", "version": "1.0.0", "parameters": {"is_above_sma.window": 20}},
    "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"},
    "exchange": "binance_futures",
    "timeframe": "1h",
    "capital": 10000,
    "leverage": 1.0,
}
"""The published example."""
MANGROVE: dict[str, Any] = {
    "asset": "BTC",
    "interval": "1h",
    "strategy_json": SEED,
    "start": "2024-01-01",
    "end": "2024-06-30",
    "slippage_pct": 0.001,
    "fee_pct": 0.0005,
    "max_hold_bars": 48,
}
FOUND = Found(of_rules(strategy()).body, "1.0.0")


def request(body: dict[str, Any] | None = None, /, **changes: Any) -> BacktestRequest:
    """The request of Mangrove's body (or another) with some fields changed; None takes one out."""
    given = {key: value for key, value in ((body or MANGROVE) | changes).items() if value is not None}
    asked = read(given, NOW)
    return complete(asked, DEFAULTS, FOUND if isinstance(asked.source, Named) else None)
