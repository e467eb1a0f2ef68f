"""Errors: always one JSON object with the envelope's fields, whatever went wrong."""

import asyncio
from datetime import datetime
from uuid import uuid5

from tests.factories import ORG

NOBODY = str(uuid5(ORG, "nobody"))
ENVELOPE = {"error", "message", "detail", "code", "timestamp", "correlation_id"}
CASES = [
    # call, status, code, error, field
    ("GET /nope", 404, "NOT_FOUND", "route not found", None),
    ("GET /api/v1/nope", 404, "NOT_FOUND", "route not found", None),
    ("GET /schema/nope", 404, "NOT_FOUND", "route not found", None),
    ("GET /web/nope.js", 404, "NOT_FOUND", "file not found", None),
    ("GET /web/../api/app.py", 404, "NOT_FOUND", "route not found", None),
    ("GET /web/%2e%2e/api/app.py", 404, "NOT_FOUND", "file not found", None),
    ("PUT /api/v1/orders", 405, "METHOD_NOT_ALLOWED", "method not allowed", None),
    ("POST /health", 405, "METHOD_NOT_ALLOWED", "method not allowed", None),
    ("GET /api/v1/orders/nonsense", 400, "INVALID_ARGUMENT", "invalid order_id format", "id"),
    (f"GET /api/v1/orders/{NOBODY}", 404, "NOT_FOUND", "order not found", None),
    ("DELETE /api/v1/orders/nonsense", 400, "INVALID_ARGUMENT", "invalid order_id format", "id"),
    (f"DELETE /api/v1/orders/{NOBODY}", 404, "NOT_FOUND", "order not found", None),
    ("GET /api/v1/decisions/nonsense", 400, "INVALID_ARGUMENT", "invalid decision_id format", "id"),
    (f"GET /api/v1/decisions/{NOBODY}", 404, "NOT_FOUND", "decision not found", None),
    (f"GET /api/v1/decisions/{NOBODY}/similar", 404, "NOT_FOUND", "decision not found", None),
    (f"GET /api/v1/decisions/{NOBODY}/explain", 404, "NOT_FOUND", "decision not found", None),
    ("GET /api/v1/agents/nobody", 404, "NOT_FOUND", "agent not found", None),
    ("GET /api/v1/agents/nobody/status", 404, "NOT_FOUND", "agent not found", None),
    ("GET /api/v1/positions/DOGE/USDT", 404, "NOT_FOUND", "position not found for symbol", None),
    ("GET /api/v1/positions/!!", 400, "INVALID_ARGUMENT", "invalid query parameter", "symbol"),
    (
        "GET /api/v1/positions?session_id=x",
        400,
        "INVALID_ARGUMENT",
        "invalid session_id format",
        "session_id",
    ),
    ("GET /api/v1/orders?status=SOLD", 400, "INVALID_ARGUMENT", "invalid query parameter", "status"),
    ("GET /api/v1/orders?symbol=!", 400, "INVALID_ARGUMENT", "invalid query parameter", "symbol"),
    ("GET /api/v1/orders?limit=0", 400, "INVALID_ARGUMENT", "invalid query parameter", "limit"),
    ("GET /api/v1/orders?limit=1e9", 400, "INVALID_ARGUMENT", "invalid query parameter", "limit"),
    ("GET /api/v1/orders?offset=-1", 400, "INVALID_ARGUMENT", "invalid query parameter", "offset"),
    ("GET /api/v1/decisions?limit=501", 400, "INVALID_ARGUMENT", "invalid query parameter", "limit"),
    ("GET /api/v1/decisions?limit=-1", 400, "INVALID_ARGUMENT", "invalid query parameter", "limit"),
    ("GET /api/v1/decisions?limit=NaN", 400, "INVALID_ARGUMENT", "invalid query parameter", "limit"),
    ("GET /api/v1/decisions?outcome=MAYBE", 400, "INVALID_ARGUMENT", "invalid query parameter", "outcome"),
    (
        "GET /api/v1/decisions?from_date=yesterday",
        400,
        "INVALID_ARGUMENT",
        "invalid query parameter",
        "from_date",
    ),
    (
        "GET /api/v1/decisions?to_date=2025-13-01",
        400,
        "INVALID_ARGUMENT",
        "invalid query parameter",
        "to_date",
    ),
    ("GET /api/v1/decisions?model=%00", 400, "INVALID_ARGUMENT", "invalid query parameter", "model"),
    (
        "GET /api/v1/decisions/stats?from_date=x",
        400,
        "INVALID_ARGUMENT",
        "invalid query parameter",
        "from_date",
    ),
    ("GET /api/v1/sessions/nonsense", 400, "INVALID_ARGUMENT", "invalid session_id format", "id"),
    (f"GET /api/v1/sessions/{NOBODY}", 404, "NOT_FOUND", "session not found", None),
    (f"GET /api/v1/sessions/{NOBODY}/equity", 404, "NOT_FOUND", "session not found", None),
    ("GET /api/v1/sessions?status=ASLEEP", 400, "INVALID_ARGUMENT", "invalid query parameter", "status"),
    (f"GET /api/v1/ledger/verify?session_id={NOBODY}", 404, "NOT_FOUND", "session not found", None),
    ("GET /api/v1/trades?start_time=x", 400, "INVALID_ARGUMENT", "invalid query parameter", "start_time"),
    ("DELETE /api/v1/api-keys/nonsense", 400, "INVALID_ARGUMENT", "invalid api_key_id format", "id"),
    (f"DELETE /api/v1/api-keys/{NOBODY}", 404, "NOT_FOUND", "api key not found", None),
]


def is_error(answer, status: int, code: str) -> dict:
    """The envelope of an error answer, checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() >= ENVELOPE
    assert body["code"] == code
    assert body["message"] == body["detail"]
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert "Traceback" not in answer.text
    return body


async def test_every_refusal_is_a_json_object_that_says_what_and_where(world):
    async with world.client() as client:
        for call, status, code, error, field in CASES:
            method, path = call.split(" ", 1)
            body = is_error(await client.request(method, path), status, code)
            assert (body["error"], body.get("field")) == (error, field), call


async def test_what_was_not_found_is_named(viewer):
    assert (await viewer.get("/api/v1/agents/nobody")).json()["name"] == "nobody"
    assert (await viewer.get(f"/api/v1/orders/{NOBODY}")).json()["order_id"] == NOBODY
    assert (await viewer.get(f"/api/v1/decisions/{NOBODY}")).json()["decision_id"] == NOBODY


async def test_a_wrong_method_names_the_right_ones(viewer):
    answer = await viewer.put("/api/v1/orders")
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}


async def test_bodies_must_be_json_and_small(world):
    async with world.client("trader") as client:
        plain = await client.post("/api/v1/orders", content="x", headers={"Content-Type": "text/plain"})
        is_error(plain, 415, "UNSUPPORTED_MEDIA_TYPE")
        form = await client.post("/api/v1/orders", data={"symbol": "BTC/USDT"})
        is_error(form, 415, "UNSUPPORTED_MEDIA_TYPE")
        huge = await client.post("/api/v1/orders", json={"symbol": "x" * 70_000})
        is_error(huge, 413, "PAYLOAD_TOO_LARGE")

        async def endless():
            for _ in range(200):
                yield b" " * 1000

        stream = await client.post(
            "/api/v1/orders", content=endless(), headers={"Content-Type": "application/json"}
        )
        is_error(stream, 413, "PAYLOAD_TOO_LARGE")
        bare = await client.post("/api/v1/orders", content=b"{}", headers={"Content-Type": ""})
        is_error(bare, 400, "INVALID_ARGUMENT")


async def test_a_body_that_does_not_arrive_is_given_up(world, monkeypatch):
    monkeypatch.setattr("api.bodies.READ_TIMEOUT_S", 0.2)
    host, port = world.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
        "Authorization: Bearer a-key-for-the-trader-of-these-tests\r\n\r\n{"
    )
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.read(200), 3)
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_fault_of_ours_says_nothing_of_itself(world, monkeypatch):
    async def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.routes.positions.reads.open_positions", broken)
    async with world.client() as client:
        answer = await client.get("/api/v1/positions")
    assert is_error(answer, 500, "INTERNAL")["error"] == "internal server error"
    assert "secret" not in answer.text


FIT_IDS = ["req-42.A_z", "x" * 64]


async def test_a_correlation_id_is_kept(viewer):
    for given in FIT_IDS:
        answer = await viewer.get("/api/v1/status", headers={"X-Correlation-ID": given})
        assert answer.headers["x-correlation-id"] == given


UNFIT_IDS = ["", "x" * 65, "has space", "semi;colon", '"quoted"']


async def test_an_unfit_correlation_id_is_replaced(viewer):
    for given in UNFIT_IDS:
        answer = await viewer.get("/api/v1/status", headers={"X-Correlation-ID": given})
        assert answer.headers["x-correlation-id"] not in ("", given)


async def test_a_trailing_slash_changes_nothing(world):
    async with world.client() as client:
        for path in (
            "/health",
            "/api/v1/health",
            "/api/v1/orders",
            "/api/v1/positions/BTC/USDT",
            "/api/v1/decisions/stats",
        ):
            bare, slashed = await client.get(path), await client.get(f"{path}/")
            assert (bare.status_code, slashed.status_code) == (200, 200), path
            assert slashed.history == []


async def test_every_answer_carries_the_headers(world):
    async with world.client() as client:
        for path in (
            "/",
            "/health",
            "/api/v1/orders",
            "/nope",
            "/api/v1/orders/x",
            "/schema",
            "/web/favicon.svg",
        ):
            headers = (await client.get(path)).headers
            for name in (
                "x-correlation-id",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ):
                assert headers[name], (path, name)
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers
