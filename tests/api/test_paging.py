"""Every list by offset shows what its first page saw, whatever comes in between two pages."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.openapi import document
from api.page_memory import KEEP, PageMemory
from api.routes import ROUTES as EVERY
from api.routes.strategies import RULE_EXAMPLE
from db import state
from tests.api.test_errors import is_error
from wire.clock import WallClock

NUMBERS = count(1_000_000)
LIMIT = 2
STILL = {"GET /api/v1/signals": "what is registered in the code"}
"""Lists that nothing can be inserted into while the process lives."""


def copy(table: str, where: str = "true", **changes: str) -> str:
    """SQL that inserts a copy of a row; ``{at}`` and ``{n}`` are a time and a number of its own."""
    pairs = ", ".join(
        f"'{name}', {value}" for name, value in {"born": "pg_current_xact_id()::text", **changes}.items()
    )
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(r, jsonb_build_object({pairs}))).*"
        f" FROM {table} r WHERE {where} LIMIT 1"
    )


NEW = "gen_random_uuid()"
AT, N = "'{at}'::timestamptz", "{n}"
RANKED = "(4102444800 - extract(epoch FROM '{at}'::timestamptz))::bigint::text || '-{n}'"
"""A name that sorts the newest first."""
ORDER = copy("orders", id=NEW, seq=N, client_order_id="'o{n}'", created_at=AT)
FILL = copy("fills", "kind = 'TRADE'", id=NEW, trade_id="'t{n}'", executed_at=AT)
DECISION = copy("decisions", id=NEW, seq=N, created_at=AT)
VOTE = copy("votes", "agent_name = 'risk'", id=NEW, seq=N, created_at=AT)
SESSION = copy("sessions", id=NEW, started_at=AT)
POSITION = copy("positions", id=NEW, ordinal=N, entry_time=AT)
CLOSED = copy("positions", "exit_time IS NOT NULL", id=NEW, ordinal=N, exit_time=AT)
OPEN = copy("positions", id=NEW, ordinal=N, entry_time=AT, exit_time="null", ended_in="null")
FEEDBACK = (
    "INSERT INTO feedback (id, org_id, decision_id, rating, comment, tags, given_by, created_at)"
    " SELECT gen_random_uuid(), org_id, id, 'positive', '', '{{}}', 'f{n}', '{at}' FROM decisions LIMIT 1"
)
CYCLE = copy("cycles", seq=N, committed_at=AT)
SAID = f"{CYCLE}; {copy('votes', 'strategy_id IS NOT NULL', id=NEW, seq=N)}"
STRATEGY = (
    f"{copy('strategies', id=NEW, name=RANKED, status=repr('draft'), created_at=AT)};"
    " INSERT INTO strategy_versions SELECT (jsonb_populate_record(v, jsonb_build_object("
    "'id', gen_random_uuid(), 'stage', 'dev', 'strategy_id', (SELECT id FROM strategies WHERE name LIKE '%-{n}')))).*"
    " FROM strategy_versions v LIMIT 1"
)
JOB = (
    "INSERT INTO jobs (id, org_id, kind, name, version, request, requested_by, timeout_s, queue, created_at)"
    " SELECT gen_random_uuid(), id, 'backtest', 'b', '1.0.0', '{{\"symbols\": [\"BTC/USDT\"],"
    ' "start": "2023-01-01T00:00:00Z", "end": "2023-02-01T00:00:00Z", "capital": 1}}\', \'the admin\', 60, \'q\', \'{at}\''
    " FROM orgs ORDER BY name = 'default' DESC LIMIT 1"
)
CLOSING = (
    "UPDATE positions SET exit_time = '{at}', exit_price = 1, exit_reason = 'x', closed_seq = 2 WHERE id ="
    " (SELECT id FROM positions WHERE exit_time IS NULL ORDER BY entry_time LIMIT 1)"
)
REVOKING = (
    "UPDATE api_keys SET revoked_at = '{at}' WHERE name = 'the trader' AND revoked_at IS NULL;"
    " UPDATE users SET disabled_at = '{at}' WHERE disabled_at IS NULL"
)


@dataclass(frozen=True)
class Listed:
    """How a list is asked for, which of its keys holds the rows, what puts a row into it, and what else moves it."""

    query: str
    rows: str | None
    insert: str
    id: str | None = "id"
    since: str = "now"
    also: str = "SELECT 1"
    most: int = 100


ROUTES: dict[str, list[Listed]] = {
    "GET /api/v1/orders": [Listed("", "orders", ORDER), Listed("symbol=BTC/USDT", "orders", ORDER)],
    "GET /api/v1/trades": [Listed("", None, FILL, since="market")],
    "GET /api/v1/decisions": [
        Listed("", "decisions", DECISION),
        Listed("agent_name=risk", "decisions", VOTE),
    ],
    "GET /api/v1/sessions": [Listed("", "sessions", SESSION)],
    "GET /api/v1/execution/accounts": [Listed("", "accounts", SESSION)],
    "GET /api/v1/execution/positions": [
        Listed("", "positions", POSITION),
        Listed("status=open", "positions", OPEN, also=CLOSING),
        Listed("status=closed", "positions", CLOSED, also=CLOSING),
    ],
    "GET /api/v1/execution/trades": [Listed("", "trades", CLOSED, also=CLOSING)],
    "GET /api/v1/feedback": [Listed("", "feedback", FEEDBACK)],
    "GET /api/v1/audit/logs": [Listed("", "logs", CYCLE, id=None, also=REVOKING)],
    "GET /api/v1/strategies": [
        Listed("", "strategies", STRATEGY),
        Listed("sort_by=name&search=BTC", "strategies", STRATEGY),
    ],
    "GET /api/v1/catalog/strategies": [Listed("", "strategies", STRATEGY)],
    "GET /api/v1/users/me/strategies": [Listed("", "strategies", STRATEGY)],
    "GET /api/v1/users/me/backtests": [Listed("", "backtests", JOB)],
    "GET /api/v1/strategies/{name}/instances/{instance_id}/logs": [
        Listed("", "logs", SAID, id="round", since="soon")
    ],
}  # fmt: skip


@dataclass
class Walker:
    """Walks one list in a world while rows come in."""

    world: Any
    client: Any
    path: str
    listed: Listed
    start: datetime
    skip: str

    async def put(self, on: Any, at: datetime, sql: str = "") -> None:
        await on.execute((sql or self.listed.insert).format(at=at.isoformat(), n=next(NUMBERS)))

    async def page(self, **asked: Any) -> tuple[list[Any], dict[str, Any], Any]:
        query = "&".join([self.listed.query, *(f"{name}={value}" for name, value in asked.items())])
        return self.read(await self.client.get(f"{self.path}?{query}"))

    def read(self, answer: Any) -> tuple[list[Any], dict[str, Any], Any]:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows = body if self.listed.rows is None else body[self.listed.rows]
        whole = {} if self.listed.rows is None else body
        return [row if self.listed.id is None else row[self.listed.id] for row in rows], whole, answer

    async def walk(self, pages: Callable[..., Any]) -> None:
        """Ask for the first page, let rows in, and see that the others are those of before."""
        before, _, _ = await self.page(limit=self.listed.most)
        async with self.world.pool.acquire() as late:
            transaction = late.transaction()
            await transaction.start()
            await self.put(late, self.start - timedelta(minutes=5))
            first = await self.page(limit=LIMIT)
            await self.put(self.world.pool, self.start + timedelta(minutes=1))
            await self.put(self.world.pool, self.start - timedelta(hours=2.5))
            await self.put(self.world.pool, self.start - timedelta(hours=3), self.listed.also)
            await transaction.commit()
        if self.listed.since == "market":
            await state.set_clock(self.world.pool, self.start + timedelta(days=6.9), "recorded")
        found = await pages(self, first)
        assert found == before, (self.path, self.listed.query, pages.__name__)
        if self.listed.since == "market":
            await state.set_clock(self.world.pool, self.start, "recorded")
        after, _, _ = await self.page(limit=self.listed.most)
        assert len(after) > len(before), self.path


async def by_offset(walker: Walker, first: Any) -> list[Any]:
    """As a client of the documents does: only ``skip`` and ``limit``, until a page is empty."""
    found, whole, _ = first
    while True:
        rows, now, _ = await walker.page(limit=LIMIT, **{walker.skip: len(found)})
        if not rows:
            return found
        assert now.get("total") == whole.get("total")
        found = [*found, *rows]
        assert len(found) <= walker.listed.most


async def by_link(walker: Walker, first: Any) -> list[Any]:
    """Along ``Link``, while another walk of the same caller forgets nothing of it."""
    found, _, answer = first
    await walker.page(limit=LIMIT)
    while link := answer.links.get("next"):
        assert answer.headers["x-page-anchor"]
        rows, _, answer = walker.read(await walker.client.get(link["url"]))
        found = [*found, *rows]
    return found


def starts(world: Any) -> dict[str, datetime]:
    now = WallClock().now()
    return {"now": now, "soon": now + timedelta(days=1), "market": world.session.as_of}


async def seated(world: Any, client: Any) -> dict[str, str]:
    """A strategy on the floor and its words in a round, as the parts of a path."""
    mine = (await client.post("/api/v1/strategies", json=RULE_EXAMPLE)).json()
    stay = (await client.post(f"/api/v1/strategies/{mine['id']}/run", json={})).json()
    await world.pool.execute(
        "UPDATE votes SET strategy_id = $1::text::uuid WHERE id = (SELECT id FROM votes LIMIT 1)", mine["id"]
    )
    return {"name": mine["id"], "instance_id": stay["instance_id"]}


@pytest.mark.parametrize("pages", [by_offset, by_link])
async def test_no_page_repeats_or_skips_a_row_whatever_comes_in_between(world, pages):
    async with world.client("admin") as client:
        parts = await seated(world, client)
        for route, lists in ROUTES.items():
            path = route.removeprefix("GET ").format(**parts)
            skip = "skip" if "/me/" in path or "/execution/" in path else "offset"
            for listed in lists:
                walker = Walker(world, client, path, listed, starts(world)[listed.since], skip)
                for hours in range(1, 6):
                    await walker.put(world.pool, walker.start - timedelta(hours=hours))
                await walker.walk(pages)


def test_every_list_by_offset_is_walked_here():
    paged = {
        f"{method.upper()} {path}"
        for path, item in document(EVERY)["paths"].items()
        for method, operation in item.items()
        if {"skip", "offset", "page", "page_size"} & {p.get("name") for p in operation.get("parameters", ())}
    }
    assert paged == {*ROUTES, *STILL}


async def test_an_anchor_is_good_for_its_list_alone(world):
    async with world.client("viewer") as viewer, world.client("trader") as trader:
        anchor = quote((await viewer.get("/api/v1/orders?limit=1")).headers["x-page-anchor"])
        for path in ("/api/v1/decisions?", "/api/v1/orders?symbol=BTC/USDT&"):
            refused = await viewer.get(f"{path}offset=1&anchor={anchor}")
            assert is_error(refused, 400, "INVALID_ARGUMENT")["field"] == "anchor"
        made_up = await viewer.get(f"/api/v1/orders?offset=1&anchor=x{anchor}")
        assert is_error(made_up, 400, "INVALID_ARGUMENT")["field"] == "anchor"
        assert (await trader.get(f"/api/v1/orders?offset=1&anchor={anchor}")).status_code == 200


async def test_one_caller_s_first_page_holds_nobody_else_s_list_still(world):
    async with world.client("viewer") as viewer, world.client("trader") as trader:
        before = (await viewer.get("/api/v1/orders?limit=2")).json()["orders"]
        await world.pool.execute(ORDER.format(at=WallClock().now().isoformat(), n=next(NUMBERS)))
        theirs = (await trader.get("/api/v1/orders?limit=1&offset=1")).json()["orders"]
        assert theirs[0]["id"] == before[0]["id"]
        mine = (await viewer.get("/api/v1/orders?limit=1&offset=1")).json()["orders"]
        assert mine[0]["id"] == before[1]["id"]


async def test_rows_of_a_restored_dump_are_on_every_page(world):
    async with world.client("viewer") as viewer:
        every = (await viewer.get("/api/v1/orders?limit=500")).json()["orders"]
        await world.pool.execute("UPDATE orders SET born = '99999999999'")  # another server's transactions
        await viewer.get("/api/v1/orders?limit=2")
        rest = (await viewer.get("/api/v1/orders?limit=500&offset=2")).json()["orders"]
        assert [order["id"] for order in rest] == [order["id"] for order in every[2:]]


async def test_processes_of_a_home_remember_together(tmp_path: Path):
    now = WallClock().now()
    here, there = PageMemory(tmp_path), PageMemory(tmp_path)
    here.remember(b"key", "a place", now)
    assert there.recall(b"key", now + KEEP) == "a place"
    assert there.recall(b"another", now) is None
    assert there.recall(b"key", now + KEEP + timedelta(seconds=1)) is None
    script = f"""
import pathlib
from wire.clock import WallClock
from api.page_memory import PageMemory
print(PageMemory(pathlib.Path({str(tmp_path)!r})).recall(b"key", WallClock().now()))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=str(Path(__file__).parents[2])
    )
    said, _ = await process.communicate()
    assert said.strip() == b"a place"
    there.remember(b"key", "x" * 5000, now)
    assert here.recall(b"key", now) is None


def test_the_memory_of_pages_does_not_grow(tmp_path: Path):
    memory, now = PageMemory(tmp_path), WallClock().now()
    size = (tmp_path / "pages.memory").stat().st_size
    for number in range(10_000):
        memory.remember(b"%d" % number, str(number), now + timedelta(seconds=number / 1000))
    assert memory.recall(b"9999", now + timedelta(seconds=10)) == "9999"
    assert (tmp_path / "pages.memory").stat().st_size == size
