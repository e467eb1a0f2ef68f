"""The MCP servers as processes, called through the API by the real client and over the REST bridge."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from api.mcp.gateway import Gateway
from api.quoting import Quotes
from db import keys
from db.candles import Series
from db.embedder import embed_all
from tests.api.conftest import World, world_on
from tests.contract.processes import ROOT
from tests.contract.world import AS_OF, FACTS, remember
from wire.config import DOOR_SCOPES, mint_tokens
from wire.tokens import ANY_ORG, SERVERS

GONE = "http://127.0.0.1:9/mcp"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"Accept": "application/json, text/event-stream"}
PLACE = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01"}


@dataclass(frozen=True)
class Door:
    """The API, and the text of one key per role."""

    world: World
    texts: dict[str, str]

    @property
    def address(self) -> str:
        return self.world.address

    @property
    def pool(self) -> asyncpg.Pool:
        return self.world.pool


@pytest.fixture
async def door(urls: dict[str, str], contract_database: str) -> AsyncIterator[Door]:
    """The API over the same database, with the servers behind it and ``risk`` away."""
    async with world_on(contract_database) as made:
        served = {name: urls[name] for name in (*SERVERS, "memory")} | {"risk": GONE}
        tokens = mint_tokens(ROOT.encode(), "api", {**DOOR_SCOPES, "memory": ("mem:read",)}, ANY_ORG)
        object.__setattr__(made.floor, "mcp", Gateway(served, tokens, frozenset({"floor.example"})))
        texts = {
            role: (await keys.create(made.pool, f"the {role}", role)).text for role in ("viewer", "trader")
        }
        yield Door(made, texts)


@asynccontextmanager
async def speaking(door: Door, server: str, key: str) -> AsyncIterator[Client]:
    """The SDK's own client, over streamable HTTP with a bearer key."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http:
        transport = streamable_http_client(f"http://{door.address}/mcp/{server}", http_client=http)
        async with Client(transport, cache=None) as client:
            yield client


def posting(door: Door, **headers: str) -> httpx.AsyncClient:
    base = {"Authorization": f"Bearer {door.texts['viewer']}", **ACCEPT, **headers}
    return httpx.AsyncClient(base_url=f"http://{door.address}", headers=base, timeout=30)


async def test_the_real_client_lists_and_calls(door: Door) -> None:
    for server, tool in (("market", "get_price"), ("indicators", "calculate_rsi"), ("execution", "get_mode")):
        async with speaking(door, server, door.texts["viewer"]) as client:
            assert tool in {found.name for found in (await client.list_tools()).tools}
    async with speaking(door, "market", door.texts["viewer"]) as client:
        price = await client.call_tool("get_price", {"symbol": "BTC/USDT"})
        assert not price.is_error and float(price.structured_content["price"]) > 0
        assert price.structured_content["source"] == "recorded"


async def test_the_api_itself_asks_the_market_server_for_a_price(door: Door) -> None:
    quotes = Quotes(door.world.floor)
    quote = await quotes.of(Series("binance", "BTC/USDT", "1h"), "contract-1")
    assert quote is not None and quote.price > 0 and quote.at == AS_OF
    assert await quotes.of(Series("binance", "NOSUCH/USDT", "1h"), "contract-2") is None


async def test_who_may_only_read_places_and_cancels_nothing(door: Door) -> None:
    unknown = {"order_id": str(UUID(int=77))}
    said = {}
    for role, text in door.texts.items():
        async with speaking(door, "execution", text) as client:
            answer = await client.call_tool("cancel_order", unknown)
            said[role] = json.loads(answer.content[0].text).get("code")
    assert said["viewer"] == "NOT_AUTHORISED"
    assert said["trader"] != "NOT_AUTHORISED"
    async with posting(door) as client:
        refused = await client.post("/api/v1/tools/place_market_order", json=PLACE)
        assert (refused.status_code, refused.json()["code"]) == (403, "NOT_AUTHORISED")
    queued = await door.pool.fetch("SELECT body, requested_by FROM commands")
    assert [row["requested_by"].partition(":")[0] for row in queued] == [
        "mcp"
    ]  # the trader's one cancellation
    assert str(UUID(int=77)) in str(queued[0]["body"])


async def test_another_org_sees_its_own_sessions_only(door: Door) -> None:
    other = str(UUID(int=88))
    await door.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, $2)", other, "another")
    stranger = (await keys.create(door.pool, "stranger", "trader", org_id=other)).text
    answers = []
    for text in (door.texts["viewer"], stranger):
        async with posting(door, Authorization=f"Bearer {text}") as client:
            answers.append((await client.post("/api/v1/tools/get_session_stats", json={})).json())
    assert answers[0]["result"]["session_id"] == str(FACTS.session_id)
    assert answers[1]["code"] != "NOT_AUTHORISED" and "result" not in answers[1]


async def test_a_key_limited_to_scopes_reaches_only_what_they_open(door: Door) -> None:
    made = await keys.create(door.pool, "narrow", "trader", scopes=("view_metrics",))
    async with posting(door, Authorization=f"Bearer {made.text}") as client:
        assert (await client.post("/mcp/market", json=LIST)).status_code == 200
        assert (await client.post("/mcp/execution", json=LIST)).status_code == 403
        listed = (await client.get("/api/v1/docs/tools")).json()
        assert {tool["server"] for tool in listed["tools"]} == {"market", "indicators"}


async def test_the_door_is_shut_to_strangers_other_names_and_large_bodies(door: Door) -> None:
    async with posting(door) as client:
        cases = [
            (await client.post("/mcp/market", json=LIST, headers={"Authorization": "Bearer no"}), 401),
            (await client.post("/mcp/nobody", json=LIST), 404),
            (await client.post("/mcp/risk", json=LIST), 503),
            (await client.post("/mcp/market", json=LIST, headers={"Host": "evil.example"}), 421),
            (await client.post("/mcp/market", json=LIST, headers={"Origin": "https://evil.example"}), 403),
            (await client.post("/mcp/market", content=b'{"a":"' + b"x" * 2**20 + b'"}'), 413),
            (await client.post("/mcp/market", content=b"a=1", headers={"Content-Type": "text/plain"}), 415),
        ]
        for answer, status in cases:
            assert answer.status_code == status, answer.text
            assert answer.json()["correlation_id"] == answer.headers["X-Correlation-ID"]
        assert cases[2][0].headers["Retry-After"] == "2"
        own = {"Host": "floor.example", "Origin": "http://floor.example", "X-Correlation-ID": "mine-1"}
        good = await client.post("/mcp/market", json=LIST, headers=own)
        assert good.status_code == 200 and good.headers["X-Correlation-ID"] == "mine-1"
        broken = await client.post("/mcp/market", content=b"{", headers={"Content-Type": "application/json"})
        assert broken.status_code == 400 and broken.json()["error"]["code"] == -32700


async def test_a_stream_begins_before_anything_was_said(door: Door) -> None:
    async with (
        posting(door, Accept="text/event-stream") as client,
        asyncio.timeout(10),
        client.stream("GET", "/mcp/market") as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["Content-Type"].startswith("text/event-stream")


async def test_the_bridge_lists_calls_and_refuses(door: Door) -> None:
    async with posting(door) as client:
        listed = (await client.get("/api/v1/docs/tools")).json()
        assert listed["unavailable"] == ["risk"] and listed["total"] == len(listed["tools"])
        price = next(tool for tool in listed["tools"] if tool["name"] == "get_price")
        assert price["server"] == "market" and price["read_only"] and price["allowed"]
        assert price["input_schema"]["required"] == ["symbol"]
        place = next(tool for tool in listed["tools"] if tool["name"] == "place_order")
        assert not place["read_only"] and not place["allowed"]
        for name in ("get_price", "market.get_price"):
            answer = (await client.post(f"/api/v1/tools/{name}", json={"symbol": "BTCUSDT"})).json()
            assert answer["success"] and answer["server"] == "market" and float(answer["result"]["price"]) > 0
        bad = await client.post("/api/v1/tools/get_price", json={"symbol": "BTC/USDT", "colour": "red"})
        assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (
            400,
            "INVALID_ARGUMENT",
            "colour",
        )
        assert bad.json()["suggestion"]
        assert (await client.post("/api/v1/tools/market.nothing", json={})).status_code == 404
        assert (await client.post("/api/v1/tools/stress_test", json={})).status_code == 503
        assert (await client.post("/api/v1/tools/risk.stress_test", json={})).status_code == 503


async def test_a_key_tells_a_repeated_call(door: Door) -> None:
    async with posting(door) as client:
        headers = {"Idempotency-Key": "price-1"}
        first = await client.post("/api/v1/tools/get_price", json={"symbol": "BTC/USDT"}, headers=headers)
        again = await client.post("/api/v1/tools/get_price", json={"symbol": "BTC/USDT"}, headers=headers)
        other = await client.post("/api/v1/tools/get_price", json={"symbol": "ETH/USDT"}, headers=headers)
        assert first.json() == again.json() and again.headers["Idempotency-Replayed"] == "true"
        assert other.status_code == 422


async def test_memory_is_behind_the_same_door_with_its_resources_and_prompts(door: Door) -> None:
    one = str(await remember(door.pool))
    await embed_all(door.pool)
    async with speaking(door, "memory", door.texts["viewer"]) as client:
        found = (await client.call_tool("search_decisions", {"query": "trend"})).structured_content
        assert found["found"]
        told = json.loads((await client.read_resource(f"decision://{one}")).contents[0].text)
        assert told["decision"]["decision_id"] == one and told["votes"]
        head = json.loads((await client.read_resource("ledger://head")).contents[0].text)
        assert {session["symbol"] for session in head["sessions"]} == {"BTC/USDT"}
        brief = await client.get_prompt("explain_decision", {"decision_id": one})
        assert one in brief.messages[0].content.text
    async with posting(door) as client:
        answer = await client.post("/api/v1/tools/explain_decision", json={"decision_id": one})
        assert answer.json()["result"]["without"], answer.text
