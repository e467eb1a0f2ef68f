"""Whose language a request speaks: by header, by port, by path; and what that changes."""

import pytest

from api.dialects import PORTS, Dialect, spoken
from api.server import compat_ports
from openoutcry.errors import BadConfig
from tests.api.test_errors import NOBODY

TABLE = [
    ({}, 8080, "/api/v1/orders", "cryptofunk"),
    ({}, 8080, "/api/v1/strategies", "mangrove"),
    ({}, 8080, "/api/v1/public/strategy/BTCUSDT", "ampfi"),
    ({}, 8080, "/api/v1/positions/spot", "alphapulse"),
    ({}, 8080, "/api/v1/positions/BTCUSDT", "cryptofunk"),
    ({}, 8080, "/api/v1/backtests", "tradai"),
    ({}, 8000, "/api/v1/strategies", "tradai"),
    ({}, 18001, "/api/v1/strategies", "alphapulse"),
    ({}, 5001, "/api/v1/backtests", "mangrove"),
    ({"x-api-dialect": "TradAI"}, 5001, "/api/v1/strategies", "tradai"),
    ({"x-api-dialect": "klingon"}, 8080, "/api/v1/strategies", None),
]


@pytest.mark.parametrize(("headers", "port", "path", "dialect"), TABLE)
def test_header_then_port_then_path(
    headers: dict[str, str], port: int, path: str, dialect: Dialect | None
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    found, asked = spoken(raw, port, path, PORTS)
    assert found == dialect
    assert asked == (bool(headers) or port in PORTS)


def test_ports_are_given_as_product_and_number() -> None:
    assert compat_ports("tradai:8000, mangrove:5001") == {8000: "tradai", 5001: "mangrove"}
    assert compat_ports("") == {}
    for bad in ("tradai", "tradai:0", "tradai:99999", "x:80", "tradai:80,mangrove:80", "tradai:8x"):
        with pytest.raises(BadConfig):
            compat_ports(bad)


async def test_error_is_a_sentence_or_a_category_and_the_rest_is_the_same(world):
    path = f"/api/v1/decisions/{NOBODY}"
    async with world.client("viewer") as client:
        plain = (await client.get(path)).json()
        mangrove = (await client.get(path, headers={"X-API-Dialect": "mangrove"})).json()
    assert plain["error"] == plain["message"] == plain["detail"] == "decision not found"
    assert mangrove["error"] == mangrove["code"] == "RESOURCE_NOT_FOUND"
    assert mangrove["message"] == mangrove["detail"] == "decision not found"


async def test_a_missing_credential_is_called_what_the_document_calls_it(world):
    said = {
        "ampfi": ("Invalid bearer token", "INVALID_BEARER_TOKEN"),
        "alphapulse": ("Could not validate credentials", "UNAUTHORIZED"),
        "mangrove": ("AUTH_REQUIRED", "AUTH_REQUIRED"),
        "cryptofunk": ("authentication required", "UNAUTHORIZED"),
    }
    async with world.client(None) as client:
        for dialect, (error, code) in said.items():
            answer = await client.get("/api/v1/orders", headers={"X-API-Dialect": dialect})
            assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (401, error, code)


async def test_an_unknown_dialect_is_refused_by_name(world):
    async with world.client("viewer") as client:
        answer = await client.get("/api/v1/orders", headers={"X-API-Dialect": "klingon"})
    assert (answer.status_code, answer.json()["field"]) == (400, "X-API-Dialect")
    assert "x-correlation-id" in answer.headers


async def test_a_missing_field_is_named_as_each_product_does(world):
    async with world.client("admin") as client:
        for dialect, code in (
            ("mangrove", "MISSING_FIELD"),
            ("tradai", "VAL004"),
            ("cryptofunk", "INVALID_ARGUMENT"),
        ):
            answer = await client.post("/api/v1/api-keys", json={}, headers={"X-API-Dialect": dialect})
            assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, code, "name")
