"""Arguments for any tool, from its schema alone: its examples, its defaults, and the names that mean the same everywhere."""

from typing import Any

from tests.contract.offered import Offer

SPOT = "BTC/USDT"
USUAL: dict[str, Any] = {
    "symbol": SPOT,
    "symbols": [SPOT, "BTC/USDT:USDT"],
    "timeframe": "1h",
    "period": 14,
    "name": "rsi:14",
    "names": ["rsi:14", "macd:12,26,9", "bbands:20,2"],
    "quantity": "0.01",
    "price": "30000",
    "capital": "10000",
    "initial_capital": "10000",
    "win_rate": 0.55,
    "avg_win": 120,
    "avg_loss": 100,
    "order": {"leg": "entry", "symbol": SPOT, "side": "BUY", "type": "MARKET", "quantity": "0.01"},
}
"""A tool whose required arguments are not among these gives ``Field(examples=[...])`` in its own file."""
ALWAYS = ("symbol", "symbols", "timeframe")
"""Given wherever they are taken: tools over a series take it stored or as numbers, and need one of the two."""


def arguments(offer: Offer, **known: Any) -> dict[str, Any]:
    """Arguments the tool should be able to answer; ``known`` are ids that only this floor has."""
    wanted = [name for name in offer.arguments if name in offer.tool["inputSchema"].get("required", ())]
    wanted += [name for name in (*ALWAYS, *known) if name in offer.arguments and name not in wanted]
    return {name: _value(name, offer.arguments[name], known) for name in wanted}


def _value(name: str, schema: dict[str, Any], known: dict[str, Any]) -> Any:
    for source in (known, USUAL):
        if name in source and "examples" not in schema:
            return source[name]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "minimum" in schema:
        return schema["minimum"]
    raise AssertionError(f"{name}: give Field(examples=[...]), so that its contract can be tested")
