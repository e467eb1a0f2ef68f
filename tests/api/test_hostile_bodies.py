"""Strategies, signals, assets and execution under values nobody should send: refused, never a fault, always JSON."""

import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from tests.api.described import body_of
from tests.api.documented import openapi
from tests.api.market import stored

PREFIXES = (
    "/api/v1/strategies", "/api/v1/catalog", "/api/v1/config/", "/api/v1/signals", "/api/v1/crypto-assets",
    "/api/v1/market-data", "/api/v1/execution", "/api/v1/auth/api-keys", "/api/v1/users/me", "/api/v1/docs",
)  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 2**63, 10**30, 1e308, 0.1, "", "\u0000", "x" * 300, "💥", "../..", "%00", [], [None], [[]], {}, {"a": {}},
    [{"name": None}], [{"name": "rsi_oversold", "params": []}],
]  # fmt: skip
TEXTS = [
    "",
    "\u0000",
    "x" * 300,
    "💥",
    "../..",
    "NaN",
    "-1",
    "1e400",
    "99999999999999999999",
    "true",
    "a,b",
    "BTC/USDT",
    "'; --",
]
THIRD = 3
ANSWERS_503 = {"DATA_UNAVAILABLE", "COMMAND_PENDING"}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    made = openapi()
    found = []
    for path, item in made["paths"].items():
        for method, operation in item.items():
            if path.startswith(PREFIXES):
                operation["fields"] = list(body_of(made, operation).get("properties", {}))
                found.append((method.upper(), path, operation))
    return found


def example(operation: dict[str, Any]) -> dict[str, Any]:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return dict(media.get("example", {}))


def calls(method: str, path: str, operation: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Calls with a third of the hostile values in each place of an operation, the next place with the next third."""
    there = [p for p in operation.get("parameters", []) if p["in"] in ("path", "query")]
    fine = path
    for parameter in there:
        if parameter["in"] == "path":
            fine = fine.replace("{" + parameter["name"] + "}", "BTC")
    found: list[tuple[str, str, Any]] = []
    for number, parameter in enumerate(there):
        for text in TEXTS[number % THIRD :: THIRD]:
            if parameter["in"] == "path":
                url = path.replace("{" + parameter["name"] + "}", quote(text, safe="") or "%20")
                url = url.replace("{asset}", "BTC").replace("{name}", "x").replace("{id}", "x")
            else:
                url = f"{fine}?{parameter['name']}={quote(text, safe='')}"
            found.append((method, url, example(operation)))
    for number, field in enumerate(operation["fields"]):
        some = VALUES[number % THIRD :: THIRD]
        found += [(method, fine, {**example(operation), field: value}) for value in some]
    return found or [(method, fine, None)]


async def test_hostile_values_are_refused_and_never_a_fault(answered, tmp_path):
    stored(answered, tmp_path)
    seen: Counter[int] = Counter()
    object.__setattr__(answered.floor, "command_timeout_s", 0.05)
    async with answered.client("admin") as client:
        for method, path, operation in operations():
            documented = set(operation["responses"])
            for verb, url, body in calls(method, path, operation):
                raw = None if body is None or verb in ("GET", "DELETE") else json.dumps(body).encode()
                answer = await client.request(
                    verb, url, content=raw, headers={"Content-Type": "application/json"}
                )
                where = (verb, url, body, answer.text[:300])
                assert isinstance(answer.json(), dict), where
                seen[answer.status_code] += 1
                told = answer.json().get("code")
                assert answer.status_code < 500 or told in ANSWERS_503, where
                assert str(answer.status_code) in documented or told in ("NOT_FOUND", "RESOURCE_NOT_FOUND"), (
                    where
                )
    assert seen[400] > 500 and seen[200] > 30, seen
