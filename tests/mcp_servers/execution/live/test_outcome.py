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


REFUSALS = (
    -1013, *range(-1130, -1099), -1131, -2010, -2011, -2013, -2016, *range(-2028, -2017), -4120, -5021, -5022,
    -4000, -4014, -4016, -4034, -4131, -4164, -4183, -4184, -1008, -1016,
    -4045, -4061, -4062, -4087, -4088, -4118, *range(-4142, -4136), -4144,
)  # fmt: skip
NEVER_SAID = (
    -1014,
    -1017,
    -1099,
    -1132,
    -2012,
    -2014,
    -2017,
    -2029,
    -3999,
    -4015,
    -4035,
    -4046,
    -4116,
    -4119,
    -4130,
    -4136,
    -4143,
    -4145,
    -5023,
)


def test_E1_only_the_definitive_list_is_a_refusal() -> None:
    for code in REFUSALS:
        assert outcome(error(code)) == Rejected(code, "why"), code
    for code in NEVER_SAID:
        assert not isinstance(outcome(error(code)), Rejected), code


@pytest.mark.parametrize("code", [-2014, -2015, -1002, -1022])
def test_E8_each_word_for_a_key_that_is_lost(code: int) -> None:
    assert outcome(error(code, status=401)) == KeyRevoked(code, "why")


@pytest.mark.parametrize("code", [-1003, -1015])
def test_E7_too_much_was_asked_says_a_code_as_well(code: int) -> None:
    assert outcome(error(code)) == Limited(429, 10.0, "why")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (NoReply("reset"), Unknown("reset")),
        (NoReply("refused", sent=False), Rejected(0, "never sent: refused")),
        (Reply(299, "[1]"), Answered([1])),
        (Reply(300, "[1]"), Unknown("HTTP 300")),
        (Reply(199, "[1]"), Unknown("HTTP 199")),
        (Reply(500, "<html>"), Unknown("HTTP 500 without JSON")),
        (error(-1013, status=500), Unknown("HTTP 500, code -1013: why")),
        (error(-1013, status=499), Rejected(-1013, "why")),
        (error(-1013, status=399), Unknown("HTTP 399, code -1013: why")),
        (error(-1001), Unknown("code -1001: why")),
        (error(-1021), RetryAfterResync("why")),
        (Reply(200, '{"code": -1013}'), Answered({"code": -1013})),
        (Reply(200, '{"code": true, "msg": ""}'), Answered({"code": True, "msg": ""})),
        (Reply(200, '{"code": "x", "msg": ""}'), Answered({"code": "x", "msg": ""})),
        (Reply(200, '{"code": "200", "msg": ""}'), Answered({"code": "200", "msg": ""})),
        (Reply(400, '{"code": "-1013", "msg": "why"}'), Rejected(-1013, "why")),
        (Reply(400, f'{{"code": -1013, "msg": "{"x" * 301}"}}'), Rejected(-1013, "x" * 300)),
        (Reply(400, '{"code": -2010, "msg": "ClientOrderId is duplicated"}'),
         Unknown("code -2010: ClientOrderId is duplicated")),
        (Reply(429, "<html>"), Limited(429, 60.0, "too many requests")),
        (Reply(418, '{"msg": "banned"}'), Limited(418, 120.0, "banned")),
    ],
)  # fmt: skip
def test_E1_what_is_said_of_an_answer(reply: Reply | NoReply, said: object) -> None:
    assert outcome(reply) == said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "2"}, 2),
        ({"Retry-After": "²"}, 60),
        ({"Other": "7"}, 60),
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
