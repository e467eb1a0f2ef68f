"""An example of a schema: by what a field is called, by its choices, by its format."""

from collections.abc import Mapping
from typing import Any

from api.describing.types import REF, Schema

DEEPEST = 12
ID = "7d1f6f2e-6f1a-5b0e-9a53-0c7d4a3c9b21"
NAMED: Mapping[str, Any] = {
    "symbol": "BTC/USDT", "symbols": "BTC/USDT,ETH/USDT", "symbol1": "BTC/USDT", "symbol2": "ETH/USDT", "asset": "BTC",
    "base": "BTC", "quote": "USDT", "pair": "BTC/USDT", "name": "technical", "agent_name": "technical",
    "strategy_name": "sma_cross", "exchange": "binance", "timeframe": "1h", "version": "1", "strategy_version": "1",
    "currency": "USDT", "path": "api.md", "username": "ada", "email": "ada@example.org", "full_name": "Ada Byron",
    "token_type": "bearer", "scope": "api", "cursor": None, "next_cursor": None, "error": None, "error_message": None,
    "model": "rules", "regime": "bull", "current_regime": "bull", "currency_code": "USDT", "order_type": "market",
    "price": 42000.5, "entry_price": 41500.0, "exit_price": 42800.0, "current_price": 42000.5, "stop_loss": 40800.0,
    "take_profit": 43500.0, "open": 41900.0, "high": 42150.0, "low": 41800.0, "close": 42000.5, "volume": 1250.75,
    "quantity": 0.1, "executed_quantity": 0.1, "amount": 0.1, "confidence": 0.72, "weight": 0.25, "leverage": 1.0,
    "equity": 10123.45, "cash": 8100.0, "total_value": 10123.45, "initial_capital": 10000.0, "capital": 10000.0,
    "sharpe_ratio": 1.4, "sortino_ratio": 2.1, "max_drawdown": 0.08, "volatility": 0.35, "win_rate": 0.56,
    "var_95": 0.021, "cvar_95": 0.034, "correlation": 0.83, "hedge_ratio": 1.0, "total_return": 0.124,
    "percentage": 100, "uptime": "2h15m30s", "uptime_seconds": 8130, "retry_after": 1, "access_token": "eyJhbGciOi…",
    "refresh_token": "orf_…", "ticket": "otk_…", "key": "ook_3fQ…", "prefix": "ook_3fQ", "client_id": "dashboard",
    "message": "done", "reason": "the moving averages crossed", "reasoning": "the moving averages crossed",
    "condition": "> 0.1", "metric_name": "drawdown", "rating": "positive", "cron": "0 * * * *", "url": "https://example.org",
    "correlation_id": "9f2c4e0b7d6a4c1f8e3b5a7092d1c6e4", "content_hash": "b5bb9d8014a0f9b1d61e21e796d78dcc",
}  # fmt: skip
FORMATS: Mapping[str, str] = {
    "uuid": ID, "date-time": "2025-01-15T10:30:00Z", "date": "2025-01-15", "uri": "https://example.org",
}  # fmt: skip
TIMES = ("_at", "_time", "timestamp", "_date", "last_updated", "last_update")
KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def sample(schema: Schema, components: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that ``schema`` allows, as a field called ``name`` might have it."""
    if "$ref" in schema:
        return sample(components[schema["$ref"].removeprefix(REF)], components, name, depth)
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _one_of(schema[key], components, name, depth)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _object(schema, components, name, depth)
    if kind == "array":
        return _array(schema, components, name, depth)
    return _leaf(schema, name)


def _one_of(branches: list[Schema], components: Mapping[str, Schema], name: str, depth: int) -> Any:
    nullable = any(branch.get("type") == "null" for branch in branches)
    if nullable and (depth > DEEPEST or (name in NAMED and NAMED[name] is None)):
        return None
    return sample(next(b for b in branches if b.get("type") != "null"), components, name, depth)


def _object(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> dict[str, Any]:
    made = {
        field: sample(inner, components, field, depth + 1)
        for field, inner in schema.get("properties", {}).items()
    }
    more = schema.get("additionalProperties")
    if not made and isinstance(more, dict) and depth <= DEEPEST:
        key = sample(schema.get("propertyNames", {"type": "string"}), components, "key_of")
        made[str(key)] = sample(more, components, name, depth + 1)
    return made


def _array(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> list[Any]:
    if depth > DEEPEST:
        return []
    if "prefixItems" in schema:
        return [sample(inner, components, name, depth + 1) for inner in schema["prefixItems"]]
    one = sample(schema.get("items", {}), components, name.removesuffix("s"), depth + 1)
    return [one] * max(1, schema.get("minItems", 1))


def _leaf(schema: Schema, name: str) -> Any:
    kind: str = schema.get("type", "")
    if kind == "null":
        return None
    if kind == "boolean":
        return True
    if schema.get("pattern", "").startswith("^[0-9]"):
        return "1"
    if (given := FORMATS.get(schema.get("format", ""))) is not None:
        return given
    if (
        name in NAMED
        and kind in KINDS
        and isinstance(NAMED[name], KINDS[kind])
        and _within(schema, NAMED[name])
    ):
        return NAMED[name]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        return max(1 if kind == "integer" else 1.0, low) if _within(schema, 1) else low
    if kind == "string":
        return ID if name == "id" or name.endswith("_id") else _words(name)
    return _words(name)


def _within(schema: Schema, value: Any) -> bool:
    if not isinstance(value, int | float):
        return bool(len(str(value)) <= schema.get("maxLength", 1000))
    low: float = schema.get("minimum", value)
    high: float = schema.get("maximum", value)
    return low <= value <= high


def _words(name: str) -> str:
    if name.endswith(TIMES):
        return FORMATS["date-time"]
    return "BTC/USDT" if name == "key_of" else name.replace("_", " ") or "text"
