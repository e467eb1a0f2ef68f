"""A7, A8, A12 and A13 on every operation of the document: what nobody should send is refused by name, and is never a fault."""

import json
from collections import Counter
from urllib.parse import quote

import pytest

from tests.api.hostile.walking import operations, types
from tests.api.market import stored

OWNED = {
    "role": "admin", "tenant_id": "00000000-0000-0000-0000-000000000002", "org_id": "00000000-0000-0000-0000-000000000002",
    "owner": "me", "user_id": "me", "created_at": "2020-01-01T00:00:00Z", "realized_pnl": 1e9, "approved": True,
    "approval_id": "x", "is_admin": True, "stage": "prod", "archived": True, "hash": "x",
}  # fmt: skip
INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE orders; --", "1) UNION SELECT password_hash FROM users--", "%' AND pg_sleep(5)--",
    "$.** ? (@ > 1)",
    "[1,2,3]'::vector", "${7*7}{{7*7}}", "x' ORDER BY (SELECT 1)", "_%_%", "\\' --", "\u202e",
)  # fmt: skip
LEAKS = (
    "traceback",
    "asyncpg",
    "syntax error",
    "pg_catalog",
    "select ",
    "relation ",
    'file "',
    "password_hash",
    "/api/routes",
)
TEXTS = ("NaN", "Infinity", "-Infinity", "1e400", "0x10", "1_000", "١٢", "9" * 40, "")
RAW = ("NaN", "Infinity", "1e400", '"NaN"', '"Infinity"', '"0x10"', '"1_000"', '"١٢"', '"' + "9" * 40 + '"')
OUT_OF_ORDER = {"DATA_UNAVAILABLE", "COMMAND_PENDING", "NO_WORKER", "ENGINE_WARMING", "FIREBASE_NOT_CONFIGURED", "UNAVAILABLE",
                "MLFLOW_NOT_CONFIGURED", "NO_MARKET"}  # fmt: skip


def sound(answer, where) -> dict:
    """No fault, JSON, nothing of the inside."""
    body = answer.json()
    told = body.get("code") if isinstance(body, dict) else None
    assert answer.status_code < 500 or told in OUT_OF_ORDER, (where, answer.text[:300])
    if answer.status_code >= 400:
        said = (str(body.get("message", "")) + str(body.get("details", ""))).lower()
        for value in INJECTIONS:  # what was sent may be named back; what we hold may not
            said = (
                said.replace(value.lower(), "")
                .replace(repr(value).lower(), "")
                .replace(value[:40].lower(), "")
            )
        assert not any(leak in said for leak in LEAKS), (where, answer.text[:300])
        assert answer.headers["x-correlation-id"] == body["correlation_id"]
    return body if isinstance(body, dict) else {}


@pytest.fixture
async def walked(answered, tmp_path):
    stored(answered, tmp_path)
    object.__setattr__(answered.floor, "command_timeout_s", 0.02)
    answered.stand_in.asleep = True
    async with answered.client("admin") as client:
        yield answered, client


async def send(client, operation, path=None, body=None, raw: bytes | None = None):
    content = raw if raw is not None else None if operation.method == "GET" else json.dumps(body).encode()
    return await client.request(
        operation.method,
        path or operation.filled,
        content=content,
        headers={"Content-Type": "application/json"},
    )


async def test_a7_no_body_takes_what_is_the_servers_own(walked):
    world, client = walked
    tried = 0
    for operation in operations():
        if operation.method == "GET" or not (operation.body or operation.example):
            continue
        if operation.said.get("requestBody", {}).get("content", {}).keys() != {"application/json"}:
            continue
        for field, value in OWNED.items():
            if field in operation.body:
                continue
            answer = await send(client, operation, body={**operation.example, field: value})
            sound(answer, (operation.call, field))
            assert answer.status_code in (400, 401, 404, 422), (operation.call, field, answer.text[:200])
            tried += 1
    assert tried > 300
    assert await world.pool.fetchval("SELECT count(*) FROM commands") == 0


async def test_a8_injections_are_text_and_nothing_else(walked):
    world, client = walked
    before = await shapes(world.pool)
    for number, operation in enumerate(operations()):
        for place, name in enumerate(operation.query):
            value = INJECTIONS[(number + place) % len(INJECTIONS)]
            answer = await send(
                client, operation, f"{operation.filled}?{name}={quote(value, safe='')}", operation.example
            )
            sound(answer, (operation.call, name, value))
        if operation.method != "GET" and operation.body:
            for place, (name, schema) in enumerate(operation.body.items()):
                if "string" in types(schema):
                    value = INJECTIONS[(number + place) % len(INJECTIONS)]
                    answer = await send(client, operation, body={**operation.example, name: value})
                    sound(answer, (operation.call, name, value))
        ends = operation.path.rfind("{")
        if ends >= 0:
            value = INJECTIONS[number % len(INJECTIONS)]
            start = operation.path[:ends].replace("{", "").replace("}", "")
            answer = await send(
                client,
                operation,
                f"{start}{quote(value, safe='')}",
            )
            sound(answer, (operation.call, value))
    for header in (
        "X-API-Dialect",
        "X-Correlation-ID",
        "Idempotency-Key",
        "Authorization",
        "X-API-Key",
        "X-Forwarded-For",
        "Accept",
    ):
        for value in INJECTIONS:
            answer = await client.get("/api/v1/orders?limit=1", headers={header: value.encode()})
            assert answer.status_code < 500 and "x-correlation-id" in answer.headers
    assert await shapes(world.pool) == before


async def shapes(pool) -> tuple:
    """The tables there are and what proves identities: as they were."""
    tables = await pool.fetchval(
        "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r'"
    )
    return (
        tables,
        await pool.fetchval("SELECT count(*) FROM orders"),
    )


async def test_a12_pages_are_bounded(walked):
    _, client = walked
    paged: Counter[str] = Counter()
    for operation in operations():
        if operation.method != "GET":
            continue
        for name in ("limit", "skip", "offset"):
            if name not in operation.query:
                continue
            paged[name] += 1
            for value in ("-1", "1000000000", "99999999999999999999", "0x10", "1_0", "1.5"):
                answer = await client.get(f"{operation.filled}?{name}={value}")
                body = sound(answer, (operation.call, name, value))
                assert answer.status_code in (400, 404), (operation.call, name, value)
                if answer.status_code == 400:
                    assert (
                        body.get("field") in (name, "symbol", "id", "name", None)
                        or body["code"] == "MISSING_FIELD"
                    ), (
                        operation.call,
                        name,
                        answer.text,
                    )
            deep = await client.get(f"{operation.filled}?{name}=100")
            sound(deep, (operation.call, name))
        if "cursor" in operation.query:
            paged["cursor"] += 1
            for value in ("x", "..", "MjAyNQ", "A" * 150, "'--", "%00", "é"):
                answer = await client.get(f"{operation.filled}?cursor={value}")
                assert answer.status_code == 400 and answer.json()["field"] == "cursor", (
                    operation.call,
                    value,
                )
    assert paged["limit"] > 10 and paged["cursor"] >= 1


def unnamed(answer, body: dict) -> bool:
    """Whether a number that is none went through, or was refused without saying which."""
    if answer.status_code not in (400, 404, 422):
        return True
    return (
        answer.status_code != 404 and not body.get("field") and "invalid" not in str(body.get("details", ""))
    )


async def test_a13_numbers_are_finite_plain_and_named_when_not(walked):
    _, client = walked
    tried, wrong = 0, []
    for operation in operations():
        for name, schema in operation.query.items():
            if types(schema) & {"number", "integer"} and "string" not in types(schema):
                for text in TEXTS:
                    path = f"{operation.filled}?{name}={quote(text)}"
                    answer = await send(client, operation, path, operation.example)
                    if unnamed(answer, sound(answer, (operation.call, name, text))):
                        wrong.append((operation.call, name, text, answer.text[:120]))
                    tried += 1
        for name, schema in operation.body.items():
            if types(schema) & {"number", "integer"} and "string" not in types(schema):
                rest = json.dumps({key: value for key, value in operation.example.items() if key != name})
                for raw in RAW:
                    text = rest[:-1] + (", " if len(rest) > 2 else "") + f'"{name}": {raw}}}'
                    answer = await send(client, operation, raw=text.encode())
                    if unnamed(answer, sound(answer, (operation.call, name, raw))):
                        wrong.append((operation.call, name, raw, answer.text[:120]))
                    tried += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 300
