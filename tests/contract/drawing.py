"""Arguments nobody would think of, drawn from a tool's schema: each fits its type, hardly any its purpose."""

from random import Random
from typing import Any

from tests.contract.asking import USUAL
from tests.contract.offered import Offer

WORDS = ("", " ", "0", "-1", "1", "1e5", "NaN", "0.000000000000000001", "999999999999999999", "BTC/USDT", "btcusdt",
         "BTC/USDT:USDT", "FLAT/USDT", "1h", "1d", "\x00", "'; --", "💥", "../..", "A" * 40, "null", "[]")  # fmt: skip
NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-300,
    -1e-300,
    1e300,
    -1e300,
    1e18,
    5e-324,
    1.7976931348623157e308,
    100.0,
)


def drawn(offer: Offer, random: Random, **known: Any) -> dict[str, Any]:
    """Every required argument and about half of the others."""
    asked = offer.tool["inputSchema"]
    taken = [name for name in offer.arguments if name in asked.get("required", ()) or random.random() < 0.5]
    usual = USUAL | known
    return {
        name: usual[name]
        if name in usual and random.random() < 0.6
        else value(asked["properties"][name], random, asked.get("$defs", {}))
        for name in taken
    }


def value(schema: dict[str, Any], random: Random, models: dict[str, Any]) -> Any:
    """One value of the schema's type, within its bounds more often than not."""
    if "$ref" in schema:
        return value(models[schema["$ref"].rpartition("/")[2]], random, models)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return value(random.choice(schema[key]), random, models)
    if "enum" in schema or "const" in schema:
        return random.choice(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "string":
            return random.choice(WORDS)
        case "integer":
            return int(_number(schema, random))
        case "number":
            return _number(schema, random)
        case "boolean":
            return random.random() < 0.5
        case "array":
            return _list(schema, random, models)
        case "object":
            return _object(schema, random, models)
    return None


def _number(schema: dict[str, Any], random: Random) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1e300))
    high = schema.get("maximum", schema.get("exclusiveMaximum", 1e300))
    inside = [number for number in NUMBERS if low <= number <= high]
    return random.choice([low, high, *inside]) if random.random() < 0.9 else random.choice(NUMBERS)


def _list(schema: dict[str, Any], random: Random, models: dict[str, Any]) -> list[Any]:
    items = schema.get("items", {})
    count = min(random.choice([0, 1, 2, 3, 30, 120]), schema.get("maxItems", 120))
    if random.random() < 0.4:
        return [value(items, random, models)] * count
    return [value(items, random, models) for _ in range(count)]


def _object(schema: dict[str, Any], random: Random, models: dict[str, Any]) -> dict[str, Any]:
    free = schema.get("additionalProperties")
    if isinstance(free, dict):
        return {random.choice(WORDS): value(free, random, models) for _ in range(random.randrange(3))}
    fields = schema.get("properties", {})
    required = schema.get("required", ())
    return {
        name: value(field, random, models)
        for name, field in fields.items()
        if name in required or random.random() < 0.5
    }
