"""AmpFi's price without ``currentPrice``: the market server's word, and the stored close where it has none."""

import asyncio
import json
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from api.mcp.gateway import Gateway
from api.quoting import KEPT_S, WITHIN_S
from db import keys
from tests.api.test_public_strategy import asked, market  # noqa: F401
from tests.api.ws.serving import served
from wire.config import DOOR_SCOPES, mint_tokens
from wire.tokens import ANY_ORG, derive_key, verify_caller

ROOT = b"the floor key of the quoting tests"
AT = "2030-01-02T03:04:05Z"
GOOD = {"price": "123.25", "priced_at": AT, "stale": False, "symbol": "BTC/USDT"}


class MarketServer:
    """Answers ``tools/call`` with ``told``; a number is the HTTP status it answers with."""

    def __init__(self, told: object = GOOD, *, after_s: float = 0.0) -> None:
        self.told, self.after_s = told, after_s
        self.calls: list[dict] = []
        self.bearers: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        self.calls.append(json.loads((await receive())["body"])["params"])
        self.bearers.append(dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer "))
        await asyncio.sleep(self.after_s)
        status = self.told if isinstance(self.told, int) else 200
        result = {"structuredContent": self.told, "isError": self.told is None, "content": []}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def behind(world, url: str) -> None:
    """Put a market server behind the API."""
    tokens = mint_tokens(ROOT, "api", {"market": DOOR_SCOPES["market"]}, ANY_ORG)
    object.__setattr__(world.floor, "mcp", Gateway({"market": url}, tokens))


@asynccontextmanager
async def quoting(world, server: MarketServer):
    async with served(server) as address:
        behind(world, f"http://{address}/mcp")
        try:
            yield
        finally:
            await world.floor.mcp.close()


async def test_the_market_server_is_asked_and_its_word_is_dated(market):  # noqa: F811
    server = MarketServer()
    async with quoting(market, server), market.client("viewer") as client:
        told = (await asked(client))["strategy"]
        given = (await asked(client, currentPrice="99"))["strategy"]
    assert (told["current_price"], told["price_source"], told["price_basis"]) == (123.25, "exchange", "quote")
    assert told["price_as_of"] == AT
    drift = (123.25 / told["staleness"]["price_at_generation"] - 1) * 100
    assert told["staleness"]["price_drift_pct"] == pytest.approx(drift, rel=1e-4)
    assert (given["current_price"], given["price_source"], given["price_as_of"]) == (99, "query", None)
    assert server.calls == [{"name": "get_price", "arguments": {"symbol": "BTC/USDT"}}]


async def test_one_question_a_second_serves_everybody(market):  # noqa: F811
    server = MarketServer(after_s=0.1)
    async with quoting(market, server), market.client("viewer") as client:
        many = await asyncio.gather(*(asked(client) for _ in range(8)))
        assert {one["strategy"]["current_price"] for one in many} == {123.25}
        assert len(server.calls) == 1
        server.told = {**GOOD, "price": "124"}
        await asyncio.sleep(KEPT_S + 0.05)
        assert (await asked(client))["strategy"]["current_price"] == 124


async def test_the_api_asks_for_itself_whatever_the_callers_key_opens(market):  # noqa: F811
    only = await keys.create(market.pool, "only strategies", "viewer", scopes=("strategy:read",))
    server = MarketServer()
    async with quoting(market, server), market.client(None, Authorization=f"Bearer {only.text}") as client:
        assert (await asked(client))["strategy"]["price_basis"] == "quote"
    said = verify_caller(derive_key(ROOT, "market"), server.bearers[0], "market", market.session.as_of)
    assert said.scopes == ("md:read",)


NO_PRICE = {
    "unavailable": None,
    "stale": {**GOOD, "stale": True},
    "not a price": {**GOOD, "price": "NaN"},
    "nothing": {**GOOD, "price": "0"},
    "another shape": {"bid": 3},
    "without a zone": {**GOOD, "priced_at": "2030-01-02T03:04:05"},
    "refused": 403,
    "broken": 500,
}


@pytest.mark.parametrize("told", NO_PRICE.values(), ids=NO_PRICE)
async def test_where_it_has_no_price_the_stored_close_says_so_and_its_age(market, told):  # noqa: F811
    async with quoting(market, MarketServer(told)), market.client("viewer") as client:
        answer = (await asked(client))["strategy"]
    assert (answer["price_source"], answer["price_basis"]) == ("exchange", "stored_close")
    assert answer["price_as_of"] == market.session.as_of.isoformat().replace("+00:00", "Z")


async def test_a_server_that_is_down_or_slow_costs_a_second_at_most_and_nobody_else_anything(market):  # noqa: F811
    behind(market, "http://127.0.0.1:9/mcp")
    async with market.client("viewer") as client:
        assert (await asked(client))["strategy"]["price_basis"] == "stored_close"
    async with quoting(market, MarketServer(after_s=WITHIN_S + 2)), market.client("viewer") as client:
        await asyncio.sleep(KEPT_S + 0.05)  # the floor that was down is remembered as long
        began = monotonic()
        waiting = asyncio.create_task(asked(client))
        quick = await client.get("/health")
        assert quick.status_code == 200 and not waiting.done()
        assert (await waiting)["strategy"]["price_basis"] == "stored_close"
        assert monotonic() - began > WITHIN_S - 0.1  # it was waited for, and given up


async def test_a_decision_of_another_exchange_is_not_priced_by_this_floors(market):  # noqa: F811
    server = MarketServer()
    run = market.floor.run.model_copy(update={"exchange": "kraken"})
    object.__setattr__(market.floor, "run", run)
    async with quoting(market, server), market.client("viewer") as client:
        assert (await asked(client))["strategy"]["price_basis"] == "stored_close"
    assert server.calls == []
