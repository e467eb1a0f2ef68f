"""What an answer to an order means, row by row of what exchanges really send."""

import pytest

from mcp_servers.execution.venues.live.dialect import order_of
from mcp_servers.execution.venues.live.outcome import (
    Answered,
    KeyRevoked,
    Limited,
    NoReply,
    Rejected,
    Reply,
    RetryAfterResync,
    Unknown,
    outcome,
)
from openoutcry.errors import VenueUnknown
from tests.mcp_servers.execution.venue import order


def error(code: int, message: str = "why", status: int = 400) -> Reply:
    return Reply(status, f'{{"code": {code}, "msg": "{message}"}}')


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (NoReply("timeout"), Unknown),
        (NoReply("reset"), Unknown),
        (NoReply("body cut after 20 of 300 bytes"), Unknown),
        (NoReply("connection refused", sent=False), Rejected),
        *[(Reply(status, ""), Unknown) for status in (500, 502, 503, 504, 400, 403, 404, 301)],
        (error(-1013, status=503), Unknown),
        (Reply(200, '{"orderId": 1'), Unknown),
        (Reply(200, "<html>Cloudflare</html>"), Unknown),
        (Reply(200, ""), Unknown),
        (Reply(200, "17"), Unknown),
        (Reply(200, "[" * 100_000), Unknown),
        (Reply(200, "{}"), Answered),
        (Reply(200, '{"orderId": 1}'), Answered),
        (Reply(200, '{"code": 200, "msg": "done"}'), Answered),
        *[(error(code), Unknown) for code in (-1007, -1006, -1001, -1000, -9999, 0)],
        (error(-1007, status=200), Unknown),
        (error(-1013, status=200), Unknown),
        (error(-1008, status=503), Unknown),
        (error(-1008), Rejected),
        (error(-2010, "Duplicate order sent."), Unknown),
        (error(-4116, "ClientOrderId is duplicated."), Unknown),
        (error(-2010, "Account has insufficient balance for requested action."), Rejected),
        (error(-1013, "Filter failure: LOT_SIZE"), Rejected),
        (error(-1121), Rejected),
        (error(-2019), Rejected),
        (error(-4164), Rejected),
        (error(-1021), RetryAfterResync),
        (error(-2015), KeyRevoked),
        (error(-2015, status=401), KeyRevoked),
        (error(-2014, status=401), KeyRevoked),
        (error(-1022), KeyRevoked),
        (Reply(429, "", {"Retry-After": "7"}), Limited),
        (Reply(418, '{"code": -1003, "msg": "banned"}', {"retry-after": "120"}), Limited),
        (error(-1015, status=429), Limited),
        (error(-1003), Limited),
    ],
)
def test_E1_E2_E8_what_an_answer_means(reply: Reply | NoReply, kind: type) -> None:
    assert type(outcome(reply)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "soon"}, 60),
        ({}, 60),
        ({"Retry-After": "9999999"}, 9_999_999),
        ({"Retry-After": "10000000"}, 60),
    ],
)
def test_E7_how_long_to_leave_it_alone(headers: dict[str, str], seconds: float) -> None:
    told = outcome(Reply(429, "", headers))
    assert isinstance(told, Limited) and told.retry_after_s == seconds


@pytest.mark.parametrize("amount", ["x", "NaN", "1e400"])
def test_E2_an_amount_that_cannot_be_read_is_no_answer(amount: object) -> None:
    value = {
        "symbol": "BTCUSDT", "clientOrderId": "oo-1", "orderId": 7, "status": "FILLED", "executedQty": amount,
        "cummulativeQuoteQty": "1",
    }  # fmt: skip
    request = order("entry", "BUY", "MARKET", "1", symbol="BTC/USDT")
    assert order_of(value | {"executedQty": "1"}, request, "oo-1").executed == 1
    with pytest.raises(VenueUnknown):
        order_of(value, request, "oo-1")
