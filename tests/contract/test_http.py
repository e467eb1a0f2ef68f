"""Servers as processes over HTTP: who gets in, from where, with how much, and in which dialect."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from openoutcry.canonical import derived_id
from tests.agents.floor import snapshot
from tests.contract.asking import SPOT, USUAL, arguments
from tests.contract.offered import OFFERS, SURFACES, Offer, each
from tests.contract.processes import HOSTED, ROOT, bearer
from tests.contract.test_refusals import refusal
from tests.contract.world import AS_OF, CLAIMS, SESSION
from wire.config import FLOOR_SCOPES, OPTIONAL_SCOPES, READ_SCOPES, from_environment
from wire.tokens import ROUND_META_KEY, RoundClaims, derive_key, sign_round

Urls = dict[str, str]
ERAS = ("legacy", "2026-07-28")
KNOWN = {
    "order_id": str(derived_id(SESSION, "order", 1, "entry")),
    "session_id": str(SESSION),
    "decision_id": str(derived_id(SESSION, "decision", 1)),
    "snapshot": snapshot().model_dump(mode="json"),
}
LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
HARMLESS = {
    "market": ("list_symbols", {}),
    "indicators": ("calculate_rsi", {"prices": [1, 2, 3, 2, 3, 4], "period": 3}),
    "risk": ("calculate_drawdown", {"equity_curve": [100, 80]}),
    "execution": ("get_mode", {}),
    "memory": ("search_decisions", {"query": "trend"}),
    "agent-trend": ("about", {}),
}
hosted = pytest.mark.parametrize("name", HOSTED)


def scopes(name: str) -> tuple[str, ...]:
    return {**FLOOR_SCOPES, **OPTIONAL_SCOPES}.get(name, ("vote",))


async def post(
    url: str, headers: Mapping[str, str], body: Any = LISTING, method: str = "POST"
) -> httpx2.Response:
    """One raw request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **HEADERS, **headers}
    given = {name: value.encode("latin-1") for name, value in named.items()}
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.request(method, url, headers=given, content=content)


def granted(name: str, *given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer(name, *(given or scopes(name)))}"}


@asynccontextmanager
async def client_of(url: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode, cache=None) as client,
    ):
        yield client


def other_tokens(name: str) -> dict[str, str]:
    """Tokens that must not open this server."""
    true = bearer(name, *scopes(name))
    other = "risk" if name != "risk" else "market"
    return {
        "none": "",
        "nonsense": "Bearer nonsense",
        "no scheme": true,
        "another scheme": f"Basic {true}",
        "another signature": f"Bearer {true[:-4]}AAAA",
        "another server's": f"Bearer {bearer(other, *scopes(name))}",
        "another server's name": f"Bearer {bearer(name, *scopes(name), audience=other)}",
        "another server's key": f"Bearer {bearer(other, *scopes(name), audience=name)}",
        "another floor's": f"Bearer {bearer(name, *scopes(name), root='x' * 32)}",
        "expired": f"Bearer {bearer(name, *scopes(name), expires_at=1_700_000_000)}",
        "too long": f"Bearer {true}{'A' * 9000}",
        "not ASCII": "Bearer oot1.\u00fc.\u00fc",
    }


@hosted
async def test_without_its_own_token_nothing_is_told(urls: Urls, name: str) -> None:
    for what, header in other_tokens(name).items():
        answer = await post(urls[name], {"Authorization": header} if header else {})
        assert answer.status_code == 401, what
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith("Bearer ") and "resource_metadata=" in challenge, what
        assert "tools" not in answer.text, what
    for method in ("GET", "DELETE"):
        assert (await post(urls[name], {}, method=method)).status_code == 401
    assert (await post(urls[name], granted(name))).status_code == 200


@hosted
async def test_a_page_elsewhere_cannot_reach_it_through_a_browser(urls: Urls, name: str) -> None:
    port = urls[name].rpartition(":")[2].partition("/")[0]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "127.0.0.1:1"):
        assert (await post(urls[name], {**granted(name), "Host": host})).status_code == 421, host
    foreign = ("http://evil.example", "null", "https://127.0.0.1", f"http://127.0.0.1.evil.example:{port}")
    for origin in foreign:
        assert (await post(urls[name], {**granted(name), "Origin": origin})).status_code == 403, origin
    for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}"):
        assert (await post(urls[name], {**granted(name), "Origin": origin})).status_code == 200, origin


@hosted
async def test_a_body_too_large_is_refused_unread(urls: Urls, name: str) -> None:
    async def endless() -> Any:
        for _ in range(20):
            yield b" " * 65_536 * 2

    large = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"x": "A" * 1_100_000}}
    assert (await post(urls[name], granted(name), large)).status_code == 413
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        given = {"Content-Type": "application/json", **HEADERS, **granted(name)}
        try:
            answer = await client.post(urls[name], headers=given, content=endless())
        except httpx2.WriteError:  # it hung up while we were still sending
            return
    assert answer.status_code == 413


@hosted
async def test_what_is_not_the_protocol_is_a_client_s_error(urls: Urls, name: str) -> None:
    bodies = (b"", b"{", b"[]", b"null", b'"x"', b'{"jsonrpc": "1.0"}', b"\xff\xfe", b"[" * 100_000)
    for body in bodies:
        answer = await post(urls[name], granted(name), body)
        assert 400 <= answer.status_code < 500, body[:20]
    answer = await post(urls[name], {**granted(name), "Content-Type": "text/plain"})
    assert 400 <= answer.status_code < 500
    assert (await post(urls[name], granted(name))).status_code == 200


@pytest.mark.parametrize("mode", ERAS)
@hosted
async def test_both_eras_of_the_protocol_work(urls: Urls, name: str, mode: str) -> None:
    tool, given = HARMLESS[name]
    async with client_of(urls[name], bearer(name, *scopes(name)), mode) as client:
        listed = {found.name for found in (await client.list_tools()).tools}
        answer = await client.call_tool(tool, given)
        refused = await client.call_tool(tool, {"speling": 1})
        version = client.protocol_version
    assert listed == {found["name"] for found in SURFACES[name]["tools"]}
    assert answer.structured_content and not answer.is_error
    assert refusal(refused)["field"] == "speling"
    assert (version == "2026-07-28") == (mode != "legacy")


@each(lambda offer: offer.server in HOSTED and offer.scope is not None)
async def test_every_tool_wants_its_scope(urls: Urls, offer: Offer) -> None:
    given = arguments(offer, **KNOWN)
    every = {scope for found in FLOOR_SCOPES.values() for scope in found} - {offer.scope}
    for held in ((), tuple(sorted(every))):
        async with client_of(urls[offer.server], bearer(offer.server, *held)) as client:
            body = refusal(await client.call_tool(offer.name, given))
        assert body["code"] == "NOT_AUTHORISED" and offer.scope in body["message"]


async def test_a_token_that_only_reads_moves_nothing(urls: Urls) -> None:
    """Every tool of execution that is not read-only, with the token an agent or a reading client would have."""
    moving = [o for o in OFFERS if o.server == "execution" and not o.tool["annotations"]["readOnlyHint"]]
    assert {offer.name for offer in moving} >= {"place_order", "cancel_order", "place_market_order"}
    async with client_of(urls["execution"], bearer("execution", *READ_SCOPES["execution"])) as client:
        for offer in moving:
            body = refusal(await client.call_tool(offer.name, arguments(offer, **KNOWN)))
            assert body["code"] == "NOT_AUTHORISED", offer.name
        orders = await client.call_tool("list_orders", {})
    assert orders.structured_content is not None and orders.structured_content["orders"] == []


async def test_an_agent_that_does_whatever_it_reads_places_nothing(urls: Urls, tmp_path: Path) -> None:
    """With every token that an agent's process holds, at every tool of execution that moves anything."""
    held = from_environment("agent-trend", home=str(tmp_path), env={"OUTCRY_FLOOR_KEY": ROOT}, role="agent")
    moving = [o for o in OFFERS if o.server == "execution" and not o.tool["annotations"]["readOnlyHint"]]
    async with client_of(urls["execution"], held.tokens["execution"]) as client:
        for offer in moving:
            body = refusal(await client.call_tool(offer.name, arguments(offer, **KNOWN)))
            assert body["code"] == "NOT_AUTHORISED", offer.name
    for server in ("market", "indicators", "risk"):
        with pytest.raises((MCPError, ExceptionGroup, httpx2.HTTPError)):
            async with client_of(urls["execution"], held.tokens[server]) as client:
                await client.call_tool("place_order", {})


async def test_a_resource_wants_its_scope(urls: Urls) -> None:
    async with client_of(urls["execution"], bearer("execution", "order:read")) as client:
        content = (await client.read_resource("execution://mode")).contents[0]
    assert json.loads(getattr(content, "text", ""))["mode"] == "PAPER"
    async with client_of(urls["execution"], bearer("execution", "md:read")) as client:
        with pytest.raises(MCPError, match="NOT_AUTHORISED"):
            await client.read_resource("execution://mode")


async def test_the_market_is_read_by_address_up_to_the_round(urls: Urls) -> None:
    keys = {server: derive_key(ROOT.encode(), server) for server in FLOOR_SCOPES}
    then = CLAIMS.model_copy(update={"as_of": AS_OF - timedelta(hours=30)})
    async with client_of(urls["market"], bearer("market", "md:read")) as client:
        for claims in (CLAIMS, then):
            meta: Any = {ROUND_META_KEY: sign_round(keys, claims)}
            for place in ("market://BTC-USDT/ticker", "market://BTC-USDT/candles/1h"):
                content = (await client.read_resource(place, meta=meta)).contents[0]
                told = json.loads(getattr(content, "text", ""))
                assert (told["symbol"], told["source"]) == ("BTC/USDT", "recorded")
                assert datetime.fromisoformat(told["as_of"]) == claims.as_of, place
        for place in ("market://NOSUCH-USDT/ticker", "market://BTC-USDT/candles/7h"):
            with pytest.raises(MCPError, match=r"DATA_UNAVAILABLE|INVALID_ARGUMENT|BAD_SYMBOL"):
                await client.read_resource(place, meta=meta)
    async with client_of(urls["market"], bearer("market", "mem:read")) as client:
        with pytest.raises(MCPError, match="NOT_AUTHORISED"):
            await client.read_resource("market://BTC-USDT/ticker")


def round_tokens() -> dict[str, Any]:
    """Round tokens nobody may use, by what is wrong with them."""
    keys = {server: derive_key(ROOT.encode(), server) for server in FLOOR_SCOPES}
    true = sign_round(keys, CLAIMS)
    head, payload, macs = true.split(".")
    later = sign_round(keys, moved(hours=24)).split(".")[1]
    return {
        "nonsense": "nonsense",
        "empty": "",
        "a number": 7,
        "another floor's": sign_round(dict.fromkeys(FLOOR_SCOPES, b"x" * 32), CLAIMS),
        "another server's": sign_round({"nobody": b"x" * 32}, CLAIMS),
        "moved to later": f"{head}.{later}.{macs}",
        "unsigned": f"{head}.{payload}.e30",
        "a caller's token": bearer("market", "md:read"),
    }


def moved(**by: float) -> RoundClaims:
    return CLAIMS.model_copy(update={"as_of": AS_OF + timedelta(**by)})


def true_token(claims: RoundClaims = CLAIMS) -> str:
    return sign_round({server: derive_key(ROOT.encode(), server) for server in FLOOR_SCOPES}, claims)


@pytest.mark.parametrize("name", FLOOR_SCOPES)
async def test_a_forged_round_is_refused_and_the_true_one_is_the_time(urls: Urls, name: str) -> None:
    tool, given = HARMLESS[name]
    async with client_of(urls[name], bearer(name, *scopes(name))) as client:
        for what, token in round_tokens().items():
            meta: Any = {ROUND_META_KEY: token}
            body = refusal(await client.call_tool(tool, given, meta=meta))
            assert body["code"] == "NOT_AUTHORISED", what
        earlier = true_token(moved(hours=-48))
        meta = {ROUND_META_KEY: earlier}
        answer = await client.call_tool(tool, given, meta=meta)
    assert answer.structured_content is not None
    assert answer.structured_content["as_of"].startswith("2024-01-15T16:00:00")


@pytest.mark.parametrize("mode", ERAS)
async def test_data_after_the_round_is_refused(urls: Urls, mode: str) -> None:
    earlier: Any = {ROUND_META_KEY: true_token(moved(hours=-48))}
    asked = {"symbol": SPOT, "timeframe": USUAL["timeframe"], "limit": 3}
    async with client_of(urls["market"], bearer("market", "md:read"), mode) as client:
        late = refusal(await client.call_tool("get_candles", {**asked, "end": "2024-01-16"}, meta=earlier))
        cut = await client.call_tool("get_candles", asked, meta=earlier)
        whole = await client.call_tool("get_candles", asked, meta={ROUND_META_KEY: true_token()})
    assert (late["code"], late["field"]) == ("INVALID_ARGUMENT", "end")
    assert cut.structured_content is not None and whole.structured_content is not None
    day = 48 * 3_600_000
    assert [t + day for t in cut.structured_content["timestamp"]] == whole.structured_content["timestamp"]


async def test_health_names_the_process_and_wants_no_token(urls: Urls) -> None:
    for name, url in urls.items():
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            answer = await client.get(url.replace("/mcp", "/health"))
        assert (answer.status_code, answer.json()["name"]) == (200, name)
