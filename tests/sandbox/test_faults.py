"""Every fault does what it says, and says nothing about what became of the request."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from sandbox.clock import ExchangeClock
from sandbox.faults import ANSWERS, STREAMS, Faults, spoiled
from tests.sandbox.asking import signed

Ready = dict[str, Any]
CLOCK = ExchangeClock()
LOOK_S = 0.1
"""How often a test looks: without a pause it would use up the minute's weight."""


class Remote:
    """The running exchange over HTTP."""

    def __init__(self, ready: Ready, http: aiohttp.ClientSession) -> None:
        self.ready = ready
        self.http = http

    async def control(self, what: str, **body: Any) -> Any:
        headers = {"X-Sandbox-Control": self.ready["control"]}
        async with self.http.post(
            f"{self.ready['url']}/__control/{what}", json=body, headers=headers
        ) as answer:
            return await answer.json()

    async def shown(self, what: str) -> Any:
        headers = {"X-Sandbox-Control": self.ready["control"]}
        async with self.http.get(f"{self.ready['url']}/__control/{what}", headers=headers) as answer:
            return await answer.json()

    async def buy(self, name: str) -> tuple[int, bytes, dict[str, str]]:
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.001",
            "newClientOrderId": name,
        }
        query = signed(order, self.ready["secret"], CLOCK.now())
        headers = {"X-MBX-APIKEY": self.ready["key"]}
        async with self.http.post(f"{self.ready['url']}/api/v3/order?{query}", headers=headers) as answer:
            return answer.status, await answer.read(), dict(answer.headers)

    async def look_up(self, name: str) -> Any:
        return await self.signed("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": name})

    async def signed(self, method: str, path: str, params: dict[str, Any]) -> Any:
        query = signed(params, self.ready["secret"], CLOCK.now())
        headers = {"X-MBX-APIKEY": self.ready["key"]}
        async with self.http.request(method, f"{self.ready['url']}{path}?{query}", headers=headers) as answer:
            return await answer.json()


@pytest.fixture
async def remote(running: Ready) -> AsyncIterator[Remote]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2.0)) as http:
        desk = Remote(running, http)
        yield desk
        await desk.control("clear")


SILENT = ("hang", "reset", "close", "cut")


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("kind", sorted(set(ANSWERS) - {"limited", "birth"}))
async def test_an_answer_is_spoiled_and_the_order_is_there_or_not(
    remote: Remote, kind: str, accept: bool
) -> None:
    name = f"f-{kind}-{secrets.token_hex(4)}"
    extra = {
        "hang": {"seconds": 5.0},
        "slow": {"seconds": 0.05},
        "drip": {"seconds": 0.0001},
        "huge": {"bytes": 1000},
    }
    await remote.control(
        "faults", kind=kind, method="POST", path="/api/v3/order", accept=accept, **extra.get(kind, {})
    )
    if kind in SILENT:
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await remote.buy(name)
    else:
        status, body, _ = await remote.buy(name)
        expected = {"status": 500, "code": 400}.get(kind, 200)
        assert status == expected
        check_body(kind, body, accept, name)
    found = await remote.look_up(name)
    assert (found.get("status") == "FILLED") == accept, found
    assert accept or found["code"] == -2013
    # The rule acted once: the next order is answered honestly.
    status, body, _ = await remote.buy(name + "-next")
    assert (status, json.loads(body)["status"]) == (200, "FILLED")


def check_body(kind: str, body: bytes, accept: bool, name: str) -> None:
    match kind:
        case "html":
            assert body.startswith(b"<html>")
        case "empty":
            assert body == b""
        case "braces":
            assert body == b"{}"
        case "garbage" if accept:
            with pytest.raises(ValueError, match=r".*"):
                json.loads(body)
        case "nulls" if accept:
            assert set(json.loads(body).values()) == {None}
        case "foreign" if accept:
            assert json.loads(body)["clientOrderId"] != name
        case "code":
            assert json.loads(body)["code"] == -1007
        case "ack" if accept:
            assert "status" not in json.loads(body)
        case "slow" | "drip" | "huge" if accept:
            assert json.loads(body)["clientOrderId"] == name


ORDER = {"symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "mine", "status": "NEW"}
TAKEN = {"symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "mine"}
THEIRS = {**ORDER, "orderId": 12, "clientOrderId": "somebody-elses"}
ALGO = {"algoId": 5, "clientAlgoId": "mine", "symbol": "BTCUSDT", "algoStatus": "NEW"}
NO = {"code": -2013, "msg": "Order does not exist."}


@pytest.mark.parametrize(
    ("kind", "honest", "spoilt"),
    [
        ("foreign", ALGO, {**ALGO, "algoId": 12, "clientAlgoId": "somebody-elses"}),
        ("foreign", {"newOrderResult": "SUCCESS", "newOrderResponse": ORDER},
         {"newOrderResult": "SUCCESS", "newOrderResponse": THEIRS}),
        ("foreign", {"orderListId": 4, "orders": [TAKEN], "orderReports": [ORDER]},
         {"orderListId": 4, "orders": [{**TAKEN, "orderId": 12, "clientOrderId": "somebody-elses"}], "orderReports": [THEIRS]}),
        ("foreign", [ORDER, ORDER], [THEIRS, THEIRS]),
        ("foreign", NO, NO),
        ("ack", ALGO, {"algoId": 5, "clientAlgoId": "mine", "symbol": "BTCUSDT"}),
        ("ack", {"cancelResult": "SUCCESS", "newOrderResponse": ORDER}, {"cancelResult": "SUCCESS", "newOrderResponse": TAKEN}),
        ("ack", NO, NO),
        ("nulls", [ORDER], [dict.fromkeys(ORDER)]),
    ],
)  # fmt: skip
def test_whatever_the_answer_says_of_orders_is_spoilt(kind: str, honest: Any, spoilt: Any) -> None:
    assert json.loads(spoiled(Faults().add({"kind": kind}), honest)) == spoilt


@pytest.mark.parametrize("status", [200, 408, 500])
async def test_a_code_comes_with_the_status_that_is_asked_for(remote: Remote, status: int) -> None:
    await remote.control("faults", kind="code", path="/api/v3/order", status=status)
    given, body, _ = await remote.buy(f"c-{secrets.token_hex(4)}")
    assert (given, json.loads(body)["code"]) == (status, -1007)


async def test_a_slow_birth_hides_conditional_orders_and_lists_too(remote: Remote) -> None:
    name = f"s{secrets.token_hex(4)}"
    conditional = {
        "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET", "quantity": "0.01",
        "triggerPrice": "250000", "clientAlgoId": name,
    }  # fmt: skip
    pair = {
        "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.001", "aboveType": "STOP_LOSS", "aboveStopPrice": "200000",
        "belowType": "LIMIT_MAKER", "belowPrice": "20000", "listClientOrderId": name,
    }  # fmt: skip
    for path in ("/fapi/v1/algoOrder", "/api/v3/orderList/oco"):
        await remote.control("faults", kind="birth", method="POST", path=path, seconds=2.0)
    await remote.signed("POST", "/fapi/v1/algoOrder", conditional)
    assert (await remote.signed("GET", "/fapi/v1/algoOrder", {"clientAlgoId": name}))["code"] == -2013
    await remote.signed("POST", "/api/v3/orderList/oco", pair)
    assert (await remote.signed("GET", "/api/v3/orderList", {"origClientOrderId": name}))["code"] == -2018
    deadline = time.monotonic() + 20.0
    while (await remote.signed("GET", "/fapi/v1/algoOrder", {"clientAlgoId": name})).get("code") == -2013:
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOK_S)
    while (await remote.signed("GET", "/api/v3/orderList", {"origClientOrderId": name})).get("code") == -2018:
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOK_S)
    await remote.signed("DELETE", "/fapi/v1/algoOrder", {"clientAlgoId": name})
    await remote.signed("DELETE", "/api/v3/orderList", {"symbol": "BTCUSDT", "listClientOrderId": name})


async def test_a_slow_birth_hides_the_order_for_a_while(remote: Remote) -> None:
    name = f"b-{secrets.token_hex(4)}"
    await remote.control("faults", kind="birth", method="POST", path="/api/v3/order", seconds=3.0)
    status, _, _ = await remote.buy(name)
    assert status == 200
    assert (await remote.look_up(name))["code"] == -2013
    deadline = time.monotonic() + 30.0
    while (found := await remote.look_up(name)).get("code") == -2013:
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOK_S)
    assert found["status"] == "FILLED"


async def test_a_limit_can_be_a_ban_at_once(remote: Remote) -> None:
    await remote.control(
        "faults", kind="limited", path="/api/v3/order", method="POST", seconds=1.0, status=418
    )
    status, _, headers = await remote.buy("banned-at-once")
    assert (status, headers["Retry-After"]) == (418, "1")
    deadline = time.monotonic() + 5.0
    while (await remote.look_up("banned-at-once")).get("code") == -1003:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"kind": "slow"}, "seconds: 'slow' needs it"),
        ({"kind": "huge"}, "bytes: 'huge' needs it"),
        ({"kind": "limited", "seconds": 1.0, "status": 500}, "status: 'limited' answers 429 or 418"),
        ({"kind": "drop", "method": "GET"}, "method: says nothing to 'drop'"),
        ({"kind": "hang", "stream": "user:"}, "stream: says nothing to 'hang'"),
        ({"kind": "nothing"}, "kind: must be one of"),
    ],
)
def test_a_rule_that_would_do_nothing_is_refused(rule: dict[str, Any], named: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=re.escape(named)):
        faults.add(rule)
    assert faults.rules == []


async def test_a_limit_answers_429_and_everything_waits(remote: Remote) -> None:
    await remote.control("faults", kind="limited", path="/api/v3/order", method="POST", seconds=1.0)
    status, body, headers = await remote.buy("limited")
    assert (status, headers["Retry-After"], json.loads(body)["code"]) == (429, "1", -1003)
    before = (await remote.shown("state"))["during_ban"]
    status, _, headers = await remote.buy("banned")
    assert (status, int(headers["Retry-After"]) >= 1) == (418, True)
    assert (await remote.shown("state"))["during_ban"] == before + 1
    deadline = time.monotonic() + 5.0
    while (await remote.look_up("banned")).get("code") == -1003:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("kind", sorted(STREAMS))
async def test_a_stream_is_spoiled(remote: Remote, kind: str) -> None:
    url = remote.ready["url"].replace("http", "ws") + "/stream/ws/btcusdt@trade"
    async with remote.http.ws_connect(url) as socket:
        first = json.loads((await socket.receive(5.0)).data)["t"]
        await remote.control(
            "faults", kind=kind, stream="btcusdt@trade", times=0 if kind == "silent" else 1, seconds=0.3
        )
        if kind == "silent":
            # What was under way may still arrive; then there is nothing.
            with pytest.raises(TimeoutError):
                for _ in range(20):
                    await socket.receive(0.6)
            return
        seen = [first]
        while len(seen) < 12:
            message = await socket.receive(5.0)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
                break
            seen.append(json.loads(message.data)["t"])
    steps = [b - a for a, b in pairwise(seen)]
    match kind:
        case "drop":
            assert steps.count(2) == 1
        case "duplicate":
            assert steps.count(0) == 1
        case "late" | "reorder":
            assert any(step < 0 for step in steps)
        case "disconnect":
            assert len(seen) < 12


async def test_a_wrong_control_is_named(remote: Remote) -> None:
    assert "kind" in (await remote.control("faults", kind="earthquake"))["error"]
    assert "colour" in (await remote.control("faults", kind="hang", colour="red"))["error"]
    assert "amount" in (await remote.control("money", account="trader", asset="USDT", amount="1e9"))["error"]
    async with remote.http.post(f"{remote.ready['url']}/__control/faults", json={"kind": "hang"}) as answer:
        assert answer.status == 401


async def test_the_books_are_shown_and_add_up(remote: Remote) -> None:
    await remote.buy(f"k-{secrets.token_hex(4)}")
    books = await remote.shown("books")
    assert books["difference"] == {}
    mine = books["accounts"]["trader"]
    filled = {order["orderId"] for order in mine["spot_orders"] if order["status"] == "FILLED"}
    assert filled <= {fill["orderId"] for fill in mine["spot_fills"]}


async def test_a_listen_key_that_has_expired_tells_nothing_more(remote: Remote) -> None:
    name = f"l{secrets.token_hex(4)}"
    opened = await remote.control("accounts", name=name, perp="1000")
    asking = {"url": f"{remote.ready['url']}/fapi/v1/listenKey", "headers": {"X-MBX-APIKEY": opened["key"]}}
    async with remote.http.post(**asking) as answer:
        key = (await answer.json())["listenKey"]
    async with remote.http.ws_connect(f"{remote.ready['url']}/fstream/private/ws/{key}") as socket:
        await remote.control("listen_key", account=name, seconds=0)
        told = json.loads((await socket.receive(5.0)).data)
        assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
        await remote.control("funding", now=True)
        with pytest.raises(TimeoutError):
            await socket.receive(0.5)
    async with remote.http.put(**asking) as answer:
        assert (await answer.json())["code"] == -1125
    async with remote.http.post(**asking) as answer:
        assert (await answer.json())["listenKey"] != key
