"""Who may ask, how often, and what a request that is not one gets."""

from itertools import pairwise

import pytest

from sandbox.accounts import Account
from sandbox.exchange import Exchange
from sandbox.limits import Limits
from tests.sandbox.asking import Desk, signed

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


@pytest.fixture
def desk(exchange: Exchange, trader: Account) -> Desk:
    return Desk(exchange, trader)


def test_no_key_a_wrong_key_a_revoked_key(desk: Desk) -> None:
    query = signed(ORDER, desk.account.secret, desk.exchange.clock.now())
    nobody = desk.raw("POST /api/v3/order", query)
    stranger = desk.raw("POST /api/v3/order", query, "somebody")
    assert (nobody.status, nobody.value["code"]) == (401, -2014)  # type: ignore[index]
    assert (stranger.status, stranger.value["code"]) == (401, -2015)  # type: ignore[index]
    desk.account.revoked = True
    assert desk.order(**ORDER)["code"] == -2015
    assert desk.exchange.spot.orders == {}


def test_a_signature_covers_every_byte(desk: Desk) -> None:
    query = signed(ORDER, desk.account.secret, desk.exchange.clock.now()).replace("0.01", "0.02")
    assert desk.raw("POST /api/v3/order", query, desk.account.key).value["code"] == -1022  # type: ignore[index]


@pytest.mark.parametrize("lag", [-1_001, 5_001])
def test_a_clock_that_is_off_is_refused(desk: Desk, lag: int) -> None:
    query = signed(ORDER, desk.account.secret, desk.exchange.clock.now() - lag)
    assert desk.raw("POST /api/v3/order", query, desk.account.key).value["code"] == -1021  # type: ignore[index]


def test_the_exchanges_own_clock_can_be_wrong(desk: Desk) -> None:
    at = desk.exchange.clock.now()
    desk.exchange.clock.skew_ms = 7_000
    query = signed(ORDER, desk.account.secret, at)
    assert desk.raw("POST /api/v3/order", query, desk.account.key).value["code"] == -1021  # type: ignore[index]
    assert desk.raw("GET /api/v3/time", "").value == {"serverTime": at + 7_000}


def test_weight_then_429_then_418(exchange: Exchange, trader: Account) -> None:
    limits = Limits()
    limits.weight["spot"] = 10
    desk = Desk(exchange, trader, limits)
    answers = [desk.raw("GET /api/v3/time", "") for _ in range(30)]
    assert [one.status for one in answers].count(200) == 10
    refused = [one for one in answers if one.status != 200]
    assert {one.status for one in refused} == {429, 418}
    assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
    assert desk.raw("GET /fapi/v1/time", "").status == 418
    exchange.clock.advance(181_000)  # type: ignore[attr-defined]
    assert desk.raw("GET /api/v3/time", "").status == 200


def test_too_many_orders(exchange: Exchange, trader: Account) -> None:
    limits = Limits()
    limits.orders["spot"] = 3
    desk = Desk(exchange, trader, limits)
    codes = [desk.order(**ORDER).get("code") for _ in range(5)]
    assert codes == [None, None, None, -1015, -1015]
    query = signed(ORDER, trader.secret, exchange.clock.now())
    given = desk.raw("POST /api/v3/order", query, trader.key)
    assert given.status == 429
    assert 1 <= int(given.headers["Retry-After"]) <= 10


@pytest.mark.parametrize(
    "query",
    [
        "symbol=BTCUSDT&symbol=ETHUSDT",
        "symbol=%ff",
        "limit=abc&symbol=BTCUSDT",
        "symbol=",
        "limit=-1&symbol=BTCUSDT",
    ],
)
def test_nonsense_is_refused(desk: Desk, query: str) -> None:
    given = desk.raw("GET /api/v3/depth", query)
    assert given.status == 400
    assert isinstance(given.value, dict)
    assert given.value["code"] < 0


def test_the_average_price_is_between_the_extremes(desk: Desk) -> None:
    desk.move(61_000)
    answer = desk.raw("GET /api/v3/avgPrice", "symbol=BTCUSDT").value
    assert (answer["mins"], 60_000 <= float(answer["price"]) <= 61_000) == (5, True)


def test_klines_come_from_before_and_after_the_opening(desk: Desk) -> None:
    bars = desk.raw("GET /api/v3/klines", "symbol=BTCUSDT&interval=1h&limit=5").value
    assert isinstance(bars, list)
    assert [bar[0] % 3_600_000 for bar in bars] == [0] * 5
    assert [b[0] - a[0] for a, b in pairwise(bars)] == [3_600_000] * 4
    desk.move(61_000, ms=60_000)
    minute = desk.raw("GET /api/v3/klines", "symbol=BTCUSDT&interval=1m&limit=1").value[0]  # type: ignore[index]
    assert minute[4] == "61000.00000000"
    hour = desk.raw("GET /api/v3/klines", "symbol=BTCUSDT&interval=1h&limit=1").value[0]  # type: ignore[index]
    assert hour[2] == "61000.00000000"
