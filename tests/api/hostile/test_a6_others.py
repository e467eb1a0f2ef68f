"""A6: every id of one org, in every path, query and body of the other org: the answer is that of a random id.

Walked over the document, so that a route that comes tomorrow is tried with everything the first org has.
"""

import json
import re
from typing import Any
from uuid import UUID

import pytest

from api.routes.strategies import RULE_EXAMPLE
from db import commands, halting, keys
from tests.api.hostile.test_a10_idempotency import BODY, ENSEMBLE
from tests.api.hostile.walking import FILL, Operation, operations
from tests.api.market import stored
from tests.api.test_alerts import RULE
from tests.api.test_errors import NOBODY, is_error
from tests.factories import ORG

OTHER = "00000000-0000-0000-0000-000000000002"
HOLDERS = (
    "decisions",
    "orders",
    "sessions",
    "positions",
    "jobs",
    "strategies",
    "alert_rules",
    "api_keys",
    "votes",
    "ensembles",
)
OWN = {
    "timestamp", "correlation_id", "execution_time_seconds", "total_execution_time_seconds", "fetched_at", "command_id",
    "data_fetches", "ticket", "expires_at",
}  # fmt: skip
NAMED = re.compile(r"(?:^|_)ids?$")


@pytest.fixture
async def two(answered, tmp_path):
    """What the first org has, by table, and a client of the second org's admin."""
    stored(answered, tmp_path)
    object.__setattr__(answered.floor, "command_timeout_s", 0.03)
    async with answered.client("admin") as mine:
        for path, body in (
            ("/api/v1/strategies", {**RULE_EXAMPLE, "name": "ours_alone"}), ("/api/v1/backtests", BODY),
            ("/api/v1/alerts/rules", RULE), ("/api/v1/ensemble/create", ENSEMBLE),
        ):  # fmt: skip
            assert (await mine.post(path, json=body)).status_code == 201, path
    await answered.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", OTHER)
    stranger = (await keys.create(answered.pool, "stranger", "admin", org_id=UUID(OTHER))).text
    held = {}
    for table in HOLDERS:
        row = await answered.pool.fetchval(f"SELECT id FROM {table} WHERE org_id <> $1 LIMIT 1", OTHER)
        assert row is not None, table
        held[table] = str(row)
    async with answered.client(None, Authorization=f"Bearer {stranger}") as theirs:
        yield answered, theirs, [*held.values(), "ours_alone"]


def plain(answer, *ids: str) -> tuple[int, Any]:
    """Status and body without what differs from one asking to the next."""
    text = answer.text
    for each in ids:
        text = text.replace(each, "ID")
    try:
        body = json.loads(text)
    except ValueError:
        return answer.status_code, text
    return answer.status_code, {k: v for k, v in body.items() if k not in OWN} if isinstance(
        body, dict
    ) else body


def places(operation: Operation) -> list[tuple[str, str]]:
    """(where, name) of everything an id may stand in."""
    path = [
        ("path", name)
        for name in re.findall(r"{(\w+)}", operation.path)
        if name not in FILL or name == "name"
    ]
    query = [("query", name) for name in operation.query if NAMED.search(name)]
    return path + query + [("body", name) for name in operation.body if NAMED.search(name)]


async def ask(client, operation: Operation, where: str, name: str, value: str):
    path, body = operation.filled, dict(operation.example)
    if where == "path":
        path = operation.path.replace("{" + name + "}", value)
        for other in re.findall(r"{(\w+)}", path):
            path = path.replace("{" + other + "}", FILL.get(other, NOBODY))
    elif where == "query":
        path = f"{path}?{name}={value}"
    else:
        body[name] = [value] if name.endswith("ids") else value
    sent = None if operation.method == "GET" else json.dumps(body).encode()
    return await client.request(
        operation.method, path, content=sent, headers={"Content-Type": "application/json"}
    )


async def test_a6_every_id_of_another_org_is_as_unknown_as_a_random_one(two):
    world, theirs, ids = two
    before = await counted(world.pool)
    leaks, tried = [], 0
    for operation in operations():
        for where, name in places(operation):
            random = plain(await ask(theirs, operation, where, name, NOBODY), NOBODY)
            for value in ids:
                found = plain(await ask(theirs, operation, where, name, value), value, NOBODY)
                tried += 1
                same = found == random or (
                    value == "ours_alone" and found[0] in (400, random[0])
                )  # a name is no id
                made = random[0] == 201 and found[0] in (
                    201,
                    409,
                )  # something of their own, whatever id it names
                if not (same or made):
                    leaks.append((operation.call, where, name, value, found, random))
    assert not leaks, "\n".join(str(each)[:400] for each in leaks[:12])
    assert tried > 300
    assert await counted(world.pool) == before


async def counted(pool) -> dict[str, tuple]:
    """The first org's rows of everything, and when they were last touched."""
    return {
        table: tuple(
            await pool.fetchrow(
                f"SELECT count(*), max(xmin::text::bigint) FROM {table} WHERE org_id <> $1", OTHER
            )
        )
        for table in HOLDERS
        if table != "api_keys"  # a key's last use is noted
    }


async def test_a6_lists_searches_and_exports_hold_nothing_of_another_org(two):
    _, theirs, ids = two
    for operation in operations():
        if operation.method == "GET":
            answer = await theirs.get(operation.filled)
            assert not [each for each in ids if each in answer.text], operation.call
    found = await theirs.post("/api/v1/decisions/search", json={"query": "technical", "limit": 100})
    assert found.json()["results"] == []


async def test_a12_a_cursor_is_good_for_its_org_its_list_and_its_filters_alone(two):
    world, theirs, _ = two
    async with world.client("admin") as mine:
        for number in range(5):
            made = await mine.post("/api/v1/backtests", json={**BODY, "capital": 1000 + number})
            assert made.status_code == 201
        first = (await mine.get("/api/v1/backtests?limit=2")).json()
        cursor = first["cursor"]
        seen = [job["job_id"] for job in first["jobs"]]
        await mine.post(
            "/api/v1/backtests", json={**BODY, "capital": 9999}
        )  # comes in between: nothing moves
        while cursor:
            page = (await mine.get(f"/api/v1/backtests?limit=2&cursor={cursor}")).json()
            seen += [job["job_id"] for job in page["jobs"]]
            cursor = page["cursor"]
        assert len(seen) == len(set(seen)) == first["total"]
        good = first["cursor"]
        assert (await mine.get(f"/api/v1/backtests/?cursor={good}")).status_code == 200
        swapped = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
        for client, query in (
            (mine, f"backtests?cursor={swapped}"), (mine, f"backtests?cursor={good[:-1]}"), (mine, f"backtests?cursor={good}x"),
            (mine, f"backtests?cursor={good.partition('.')[0]}"), (mine, f"backtests?status=QUEUED&cursor={good}"),
            (mine, f"hyperopt?cursor={good}"), (theirs, f"backtests?cursor={good}"),
        ):  # fmt: skip
            answer = await client.get(f"/api/v1/{query}")
            assert is_error(answer, 400, answer.json()["code"])["field"] == "cursor", query


async def test_a6_a_floor_obeys_no_other_orgs_commands(two):
    world, theirs, _ = two
    session = {"session_id": world.session_id}
    obeyed = len(world.stand_in.executed)
    for path, body in (
        ("pause", session), ("resume", session), ("stop", {**session, "final_capital": 0}), 
        ("start", {"symbol": "BTC/USDT", "initial_capital": 1}),
    ):  # fmt: skip
        is_error(await theirs.post(f"/api/v1/trade/{path}", json=body), 503, "COMMAND_PENDING")
    order = {"symbol": "BTC/USDT", "side": "SELL", "type": "MARKET", "quantity": 0.01, **session}
    is_error(await theirs.post("/api/v1/orders", json=order), 503, "COMMAND_PENDING")
    is_error(await theirs.patch("/api/v1/config", json={"max_position_size": 0.1}), 503, "COMMAND_PENDING")
    assert len(world.stand_in.executed) == obeyed
    assert await commands.pending(world.pool, ORG) == []
    assert len(await commands.pending(world.pool, UUID(OTHER))) == 6
    for path in ("halt", "unhalt"):
        is_error(await theirs.post(f"/api/v1/trade/{path}", json={"reason": "theirs"}), 403, "FORBIDDEN")
    assert (await halting.standing(world.pool)) == {}
