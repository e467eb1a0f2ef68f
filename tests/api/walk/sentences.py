"""Sentences of the documents that are no examples, each with what it takes to find it true or false."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.api.test_errors import NOBODY
from wire.clock import WallClock

Asked = Callable[[httpx.AsyncClient], Awaitable[bool]]
STRATEGIES, ALERTS = "/api/v1/strategies", "/api/v1/alerts"
RULE = {"signal_type": "TRIGGER", "timeframe": "1h"}
TRIGGER = {"name": "sma_cross_up", **RULE, "params": {"window_fast": 5, "window_slow": 30}}
FILTER = {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 20}}
BODY = {"name": "sentences", "asset": "BTC", "entry": [TRIGGER, FILTER]}
MANGROVE = {"X-API-Dialect": "mangrove"}
HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@dataclass
class Sentences:
    """What is said, by document, in the order it is tried."""

    said: dict[str, Asked] = field(default_factory=dict)

    def says(self, sentence: str) -> Callable[[Asked], Asked]:
        def keep(asked: Asked) -> Asked:
            assert sentence not in self.said
            self.said[sentence] = asked
            return asked

        return keep

    def simple(
        self, sentence: str, path: str, holds: Callable[[Any], bool], status: int = 200, **options: Any
    ) -> None:
        """A single call whose JSON ``holds``."""

        async def asked(client: httpx.AsyncClient) -> bool:
            answer = await client.request(options.get("method", "GET"), path, json=options.get("json"),
                                          headers=options.get("headers"))  # fmt: skip
            return answer.status_code == status and holds(answer.json())

        self.says(sentence)(asked)


S = Sentences()


def made(**changes: Any) -> dict[str, Any]:
    return {**BODY, **changes}


def field_is(name: str) -> Callable[[Any], bool]:
    return lambda body: body.get("field", "").startswith(name)


def anything(_: Any) -> bool:
    return True


def refused(
    sentence: str, path: str, status: int = 400, holds: Callable[[Any], bool] = anything, **options: Any
) -> None:
    S.simple(sentence, path, holds, status, **options)


def entered(sentence: str, entry: list[Any], **more: Any) -> None:
    refused(sentence, STRATEGIES, method="POST", json=made(entry=entry, **more))


# Mangrove
S.simple(
    "Mangrove: limit is 100 unless told",
    STRATEGIES,
    lambda b: (b["limit"], b["skip"]) == (100, 0),
    headers=MANGROVE,
)
S.simple(
    "Mangrove: skip and limit are echoed",
    f"{STRATEGIES}?skip=3&limit=7",
    lambda b: (b["skip"], b["limit"]) == (3, 7),
)
entered("Mangrove: entry rules require exactly 2 signals", [TRIGGER])
entered("Mangrove: exactly 1 TRIGGER in entry", [TRIGGER, TRIGGER])
entered("Mangrove: exactly 1 FILTER in entry", [FILTER, FILTER])
entered("Mangrove: exit has exactly 1 TRIGGER", [TRIGGER, FILTER], exit=[FILTER])
entered("Mangrove: exit has at most 1 FILTER", [TRIGGER, FILTER], exit=[TRIGGER, FILTER, FILTER])
entered("Mangrove: a signal's name is of the registry", [{**TRIGGER, "name": "nonsense"}, FILTER])
for name in ("name", "asset", "entry"):
    refused(
        f"Mangrove: {name} is required (MISSING_FIELD 400)", STRATEGIES, method="POST", headers=MANGROVE,
        json={key: value for key, value in BODY.items() if key != name}, holds=lambda b: b["code"] == "MISSING_FIELD",
    )  # fmt: skip
refused("Mangrove: RESOURCE_NOT_FOUND is 404", f"{STRATEGIES}/{NOBODY}", 404, lambda b: b["code"] == "RESOURCE_NOT_FOUND",
        headers=MANGROVE)  # fmt: skip


@S.says(
    "Mangrove: exit defaults to [], reward_factor to 2.0, execution_config and execution_state to the defaults"
)
async def defaults(client: httpx.AsyncClient) -> bool:
    answer = await client.post(STRATEGIES, json=BODY)
    one, config = answer.json()["strategy"], answer.json()["strategy"]["execution_config"]
    return (
        answer.status_code == 201 and one["rules"]["exit"] == [] and one["rules"]["reward_factor"] == 2.0
        and config["atr_period"] == 14 and config["stop_loss_calculation"] in ("dynamic_atr", "fixed")
        and one["execution_state"]["total_trades"] == 0 and one["status"] == "inactive"
    )  # fmt: skip


@S.says("Mangrove: status is one of draft, inactive, paper, live, archived")
async def statuses(client: httpx.AsyncClient) -> bool:
    one = (await client.post(STRATEGIES, json=made(name="statuses"))).json()["strategy"]["id"]
    codes = {
        word: (await client.patch(f"{STRATEGIES}/{one}/status", json={"status": word})).status_code
        for word in ("draft", "inactive", "paper", "nonsense", "archived")
    }
    return codes == {"draft": 200, "inactive": 200, "paper": 200, "nonsense": 400, "archived": 200}


@S.says("Contract 7: after DELETE the id is gone from the default list")
async def deleted(client: httpx.AsyncClient) -> bool:
    one = (await client.post(STRATEGIES, json=made(name="to_go"))).json()["strategy"]["id"]
    gone = await client.delete(f"{STRATEGIES}/{one}")
    listed = (await client.get(f"{STRATEGIES}?limit=100")).json()["strategies"]
    return gone.status_code == 200 and bool(listed) and one not in [each["id"] for each in listed]


# TradAI
S.simple("TradAI: strategies: limit 20, offset 0", STRATEGIES, lambda b: (b["limit"], b["offset"]) == (20, 0))
for query in ("limit=0", "limit=101", "stage=nowhere", "sort_by=luck", "sort_order=up", "offset=-1"):
    refused(f"TradAI: strategies?{query} is invalid", f"{STRATEGIES}?{query}", holds=field_is(query.split("=")[0]),
            headers={"X-API-Dialect": "tradai"})  # fmt: skip
for query in ("limit=0", "limit=101", "status_param=LOST"):
    refused(
        f"TradAI: backtests?{query} is invalid",
        f"/api/v1/backtests?{query}",
        holds=field_is(query.split("=")[0]),
    )


@S.says("TradAI: sort_by name, sort_order asc or desc")
async def sorted_by_name(client: httpx.AsyncClient) -> bool:
    assert (await client.post(STRATEGIES, json=made(name="another"))).status_code == 201
    up, down = [
        [
            one["name"]
            for one in (await client.get(f"{STRATEGIES}?sort_by=name&sort_order={way}")).json()["strategies"]
        ]
        for way in ("asc", "desc")
    ]
    return up == sorted(up) and down == up[::-1] and len(up) > 1


S.simple("TradAI: search is a keyword's", f"{STRATEGIES}?search=sentenc",
         lambda b: [s["name"] for s in b["strategies"]] == ["sentences"])  # fmt: skip
S.simple("TradAI: stale_threshold_hours is 24", "/api/v1/data/freshness?symbols[]=BTC/USDT",
         lambda b: b["threshold_hours"] == 24)  # fmt: skip
S.simple("TradAI: a symbol is listed by source=stored, the exchange echoed",
         "/api/v1/data/symbols?source=stored&exchange=kraken", lambda b: b["exchange"] == "kraken")  # fmt: skip
refused("TradAI: source is exchange or stored", "/api/v1/data/symbols?source=moon", holds=field_is("source"))
S.simple("TradAI: an error has detail, code and timestamp", "/api/v1/nowhere",
         lambda b: b.keys() >= {"detail", "code", "timestamp"}, 404)  # fmt: skip

# CryptoFunk
S.simple("CryptoFunk: decisions: limit 50, offset 0", "/api/v1/decisions",
         lambda b: (b["filter"]["limit"], b["filter"]["offset"]) == (50, 0))  # fmt: skip
S.simple(
    "CryptoFunk: decisions: max 500", "/api/v1/decisions?limit=500", lambda b: b["filter"]["limit"] == 500
)
refused("CryptoFunk: decisions: no more than 500", "/api/v1/decisions?limit=501", holds=field_is("limit"))
refused(
    "CryptoFunk: a bad from_date is 400 and named",
    "/api/v1/decisions?from_date=yesterday",
    holds=field_is("from_date"),
)
S.simple("CryptoFunk: decisions are filtered by type", "/api/v1/decisions?decision_type=signal",
         lambda b: b["decisions"] and all(d["decision_type"] == "signal" for d in b["decisions"]))  # fmt: skip
refused("CryptoFunk: invalid decision id is 400", "/api/v1/decisions/nonsense")
refused("CryptoFunk: decision not found is 404", f"/api/v1/decisions/{NOBODY}", 404)
refused(
    "CryptoFunk: decisions/{id}/similar of an unknown id is 404", f"/api/v1/decisions/{NOBODY}/similar", 404
)
refused(
    "CryptoFunk: invalid order id is 400",
    "/api/v1/orders/nonsense",
    holds=lambda b: b["error"] == "invalid order_id format",
)
refused(
    "CryptoFunk: order not found is 404 with order_id",
    f"/api/v1/orders/{NOBODY}",
    404,
    lambda b: b["order_id"] == NOBODY,
)
refused("CryptoFunk: price is required for LIMIT orders", "/api/v1/orders", holds=lambda b: b["error"] == "invalid request body"
        and "rice is required for limit orders" in b["details"], method="POST",
        json={"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1})  # fmt: skip
refused("CryptoFunk: quantity is above zero", "/api/v1/orders", method="POST",
        json={"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0})  # fmt: skip
refused("CryptoFunk: initial_capital is above zero", "/api/v1/trade/start", method="POST",
        json={"symbol": "BTC/USDT", "initial_capital": 0})  # fmt: skip
refused(
    "CryptoFunk: agent not found is 404 with its name",
    "/api/v1/agents/nobody",
    404,
    lambda b: b["name"] == "nobody",
)
refused("CryptoFunk: position not found for symbol is 404", "/api/v1/positions/XRP/USDT", 404)


@S.says("CryptoFunk: similar: 10 unless told, 50 at most, descending, never itself")
async def similar(client: httpx.AsyncClient) -> bool:
    one = (await client.get("/api/v1/decisions?limit=1")).json()["decisions"][0]["id"]
    path = f"/api/v1/decisions/{one}/similar"
    found = (await client.get(path)).json()
    ranks = [each["similarity"] for each in found["similar"]]
    too_many = await client.get(f"{path}?limit=51")
    return (
        found["count"] == len(ranks) <= 10 and ranks == sorted(ranks, reverse=True) and too_many.status_code == 400
        and one not in [each["id"] for each in found["similar"]] and (await client.get(f"{path}?limit=50")).status_code == 200
    )  # fmt: skip


@S.says("CryptoFunk: PATCH config is all or nothing")
async def whole(client: httpx.AsyncClient) -> bool:
    before = (await client.get("/api/v1/config")).json()
    answer = await client.patch("/api/v1/config", json={"max_position_size": 0.11, "max_drawdown": 7})
    return answer.status_code == 400 and (await client.get("/api/v1/config")).json() == before


@S.says("Contract 6: the rate-limit headers are on every answer")
async def limited(client: httpx.AsyncClient) -> bool:
    answers = [
        await client.get(path) for path in ("/api/v1/orders", "/api/v1/nowhere", f"{STRATEGIES}?limit=x")
    ]
    return all(answer.headers[name].isdigit() for answer in answers for name in HEADERS)


# AlphaPulse
refused(
    "AlphaPulse: a bad aggregation is 400",
    "/api/v1/metrics/portfolio_value?aggregation=median",
    holds=field_is("aggregation"),
)
S.simple("AlphaPulse: history only when asked for", "/api/v1/portfolio", lambda b: not b.get("history"))
S.simple("AlphaPulse: include_history=true brings it", "/api/v1/portfolio?include_history=true",
         lambda b: isinstance(b["history"], list))  # fmt: skip
S.simple(
    "AlphaPulse: regime alerts look 24 hours back",
    "/api/v1/regime/alerts",
    lambda b: b["time_range_hours"] == 24,
)
refused("AlphaPulse: an unknown alert is 404 in its words", f"{ALERTS}/{NOBODY}/acknowledge", 404,
        lambda b: b["detail"] == "Alert not found or already acknowledged", method="POST")  # fmt: skip
S.simple("AlphaPulse: the starting rules are ten, their cooldown an hour but one of half", f"{ALERTS}/rules",
         lambda b: len(b) == 10 and sorted({r["cooldown_period"] for r in b}) == [1800, 3600])  # fmt: skip


@S.says("AlphaPulse: alerts are those of the last 24 hours, newest first; trades of the last 7 days")
async def windows(client: httpx.AsyncClient) -> bool:
    old = f"{WallClock().now() - timedelta(days=4000):%Y-%m-%dT%H:%M:%SZ}"
    alerts, trades = (
        (await client.get(ALERTS)).json(),
        (await client.get(f"/api/v1/trades?start_time={old}")).json(),
    )
    times = [datetime.fromisoformat(one["timestamp"]) for one in trades]
    return isinstance(alerts, list) and bool(times) and times == sorted(times, reverse=True)


# AmpFi
for price in ("abc", "-1", "0", "NaN", "inf"):
    refused(f"AmpFi: currentPrice={price} is invalid", f"/api/v1/public/strategy/BTCUSDT?currentPrice={price}",
            holds=lambda b: b["error"] == "Invalid currentPrice parameter")  # fmt: skip
for symbol in ("btcusdt", "BTC%2FUSDT", "BTC-USDT"):
    refused(f"AmpFi: {symbol} is no exchange form", f"/api/v1/public/strategy/{symbol}",
            holds=lambda b: b["error"] == "Invalid symbol format")  # fmt: skip
refused("AmpFi: a symbol no exchange has is 404", "/api/v1/public/strategy/TRUMPUSDT", 404,
        lambda b: b["message"] == "Symbol TRUMP/USDT is not available on any of your configured exchanges.")  # fmt: skip

# The contract's section 4
refused("C4: skip and offset that differ are 400", f"{STRATEGIES}?skip=1&offset=2")
S.simple(
    "C4: skip is echoed as offset",
    f"{STRATEGIES}?skip=5",
    lambda b: (b["skip"], b["offset"], b["limit"]) == (5, 5, 100),
)
refused("C9: a job's id is a UUID", "/api/v1/backtests/not-a-job")
refused("C14: a body's unknown field is refused and named", STRATEGIES, holds=lambda b: "luck" in str(b), method="POST",
        json=made(luck=1))  # fmt: skip
