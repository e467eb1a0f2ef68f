"""The door to an exchange by itself: what is signed with which clock, what is believed of theirs, how many may wait."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from mcp_servers.execution.venues.live.first_byte import _still, asked_first
from mcp_servers.execution.venues.live.gateway import MOST_WAITING, Gateway
from mcp_servers.execution.venues.live.outcome import (
    Limited,
    NoReply,
    Rejected,
    Reply,
    RetryAfterResync,
    Unknown,
)
from openoutcry.errors import BadConfig
from openoutcry.types.timeframes import millis
from wire.budget import BudgetBroken
from wire.clock import WallClock
from wire.venue_keys import VenueAccess

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AHEAD_MS = 7_000


class Stands(WallClock):
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class Budget:
    """Lets nothing through while ``full``."""

    def __init__(self) -> None:
        self.full, self.quiet_s, self.asked = asyncio.Event(), 0.0, list[tuple[float, float]]()
        self.full.set()

    async def take(self, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        self.asked.append((cost_ms, ahead_s))
        await self.full.wait()

    def pause(self, seconds: float) -> None:
        self.quiet_s = seconds


class Door(Gateway):
    """A gateway whose bytes go nowhere: ``sent`` are the requests, ``server_time`` the answer to what time it is."""

    def __init__(self, exchange: str = "binance") -> None:
        access = VenueAccess(
            exchange=exchange, key=SecretStr("k"), secret=SecretStr("s"), url="http://127.0.0.1:9"
        )
        self.budget, self.sent = Budget(), list[tuple[str, str]]()
        self.server_time: object = millis(NOW) + AHEAD_MS
        self.lost_because: list[str] = []
        super().__init__(access, self.budget, self._lost, Stands())  # type: ignore[arg-type]

    async def _lost(self, reason: str) -> None:
        self.lost_because.append(reason)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, deadline_s: float | None
    ) -> Reply | NoReply:
        self.sent.append((method, url if body is None else f"{url}?{body}"))
        if url.endswith("/time"):
            return Reply(200, f'{{"serverTime": {self.server_time}}}')
        return Reply(200, "{}")


@pytest.fixture
async def door() -> Any:
    made = Door()
    yield made
    await made.close()


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_what_is_signed_has_the_exchanges_time_and_how_long_it_is_good(door: Door) -> None:
    await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"})
    first, (method, url) = door.sent
    assert first == ("GET", "http://127.0.0.1:9/api/v3/time") and method == "POST"
    said = asked(url)
    assert (said["timestamp"], said["recvWindow"]) == (str(millis(NOW) + AHEAD_MS), "5000")
    assert said["signature"] and urlsplit(url).netloc == "127.0.0.1:9"

    async def still() -> None:
        return None

    await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"}, still=still)
    assert asked(door.sent[-1][1])["recvWindow"] == "2000", "what leaves under leases: shorter than they last"
    assert door.now_ms() == millis(NOW) + AHEAD_MS
    await door.ask("perp", "GET", "exchangeInfo", signed=False)
    assert "signature" not in asked(door.sent[-1][1]) and door.sent[-1][1].startswith(
        "http://127.0.0.1:9/fapi/"
    )


@pytest.mark.parametrize("wrong", [0, -1, 10**14, 10**15, '"x"', "true", "null", 1.5])
async def test_a_time_that_is_none_changes_nothing(door: Door, wrong: object) -> None:
    assert await door.measure_clock() is True
    door.server_time = wrong
    assert await door.measure_clock() is False and door.now_ms() == millis(NOW) + AHEAD_MS
    door.server_time = 10**14 - 1
    assert await door.measure_clock() is True and door.now_ms() == 10**14 - 1


async def test_until_the_exchange_says_what_time_it_is_our_clock_is_taken(door: Door) -> None:
    door.server_time = "null"
    await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"})
    assert asked(door.sent[-1][1])["timestamp"] == str(door.now_ms()) == str(millis(NOW))


async def test_so_many_may_wait_for_their_turn_and_a_cancel_waits_for_none(door: Door) -> None:
    await door.measure_clock()
    door.budget.full.clear()
    waiting = [asyncio.create_task(door.ask("spot", "GET", "order", weight=4)) for _ in range(64)]
    await asyncio.wait(waiting, timeout=0.05)
    assert len(door.budget.asked) == MOST_WAITING == 64
    one_more = await door.ask("perp", "GET", "order")
    assert one_more == Rejected(0, "never sent: too many requests are waiting")
    before = len(door.sent)
    await door.ask("spot", "DELETE", "order", urgent=True)
    assert len(door.sent) == before + 1
    door.budget.full.set()
    await asyncio.gather(*waiting)
    assert set(door.budget.asked) == {(4 * 12.5, 6.0)} and len(door.sent) == before + 65
    await door.ask("perp", "GET", "order", weight=2, yields=True)
    assert door.budget.asked[-1] == (2 * 31.25, 0.0)


async def test_e7_while_a_pause_lasts_nothing_is_sent(door: Door) -> None:
    await door.measure_clock()
    before = len(door.sent)
    door.budget.pause(7.0)
    said = await door.ask("spot", "GET", "order")
    assert isinstance(said, Rejected) and "7 s are left" in said.message and len(door.sent) == before


def test_live_orders_are_offered_on_one_exchange() -> None:
    with pytest.raises(BadConfig) as refused:
        Door("kraken")
    assert refused.value.field == "exchange"


async def test_what_lets_a_request_out_is_of_that_request_alone() -> None:
    async def still() -> None:
        return None

    with asked_first(still):
        assert _still.get() is still
        with asked_first(None):
            assert _still.get() is None
        assert _still.get() is still
    assert _still.get() is None


class Answers(Door):
    """Says what it is told to; ``given`` is what was given to the connection, the time aside."""

    def __init__(self) -> None:
        super().__init__()
        self.reply: Reply | NoReply = Reply(200, "{}")
        self.given: list[tuple[str, str, dict[str, str], str | None, float | None]] = []

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, deadline_s: float | None
    ) -> Reply | NoReply:
        if urlsplit(url).path.endswith("/time"):
            return await super()._send(method, url, headers, body, deadline_s)
        self.given.append((method, url, dict(headers), body, deadline_s))
        return self.reply


@pytest.fixture
async def answers() -> Any:
    made = Answers()
    yield made
    await made.close()


async def test_a_request_is_signed_with_the_accounts_key_and_goes_to_its_market(answers: Answers) -> None:
    assert answers.now_ms() == millis(NOW), "before anything is known of theirs"
    await answers.ask("spot", "POST", "order", {"symbol": "BTCUSDT"}, deadline_s=1.2)
    [(method, url, headers, body, deadline_s)] = answers.given
    assert (method, url, deadline_s) == ("POST", "http://127.0.0.1:9/api/v3/order", 1.2)
    assert headers["X-MBX-APIKEY"] == "k" and body is not None and "symbol=BTCUSDT" in body
    text, _, signature = body.partition("&signature=")
    assert signature == hmac.new(b"s", text.encode(), hashlib.sha256).hexdigest()
    assert answers.requests == 2, "with the question what time it is"
    assert answers.budget.asked == [(12.5, 6.0)], "of the lightest weight, and the time is not counted"
    for kind, signed, path in (
        ("perp", True, "/fapi/v1/order"),
        ("perp", False, "/fapi/v1/exchangeInfo"),
        ("spot", False, "/api/v3/exchangeInfo"),
        ("spot", True, "/api/v3/account"),
    ):
        await answers.ask(kind, "GET", path.rpartition("/")[2], signed=signed)
        _, url, headers, body, deadline_s = answers.given[-1]
        assert (urlsplit(url).path, body, deadline_s) == (path, None, None)
        assert ("signature" in asked(url), "X-MBX-APIKEY" in headers) == (signed, signed)
    await answers.ask("spot", "GET", "asset/tradeFee", api="sapi")
    assert urlsplit(answers.given[-1][1]).path == "/sapi/v1/asset/tradeFee"


async def test_E8_a_key_that_is_not_accepted_closes_the_door_for_all_that_is_signed(answers: Answers) -> None:
    answers.reply = Reply(401, '{"code": -2015, "msg": "Invalid API-key, IP, or permissions."}')
    for _ in range(2):
        said = await answers.ask("spot", "GET", "account")
    assert answers.lost == "code -2015: Invalid API-key, IP, or permissions."
    assert answers.lost_because == [answers.lost] and len(answers.given) == 1
    assert said == Rejected(0, f"never sent: key not accepted: {answers.lost}")
    await answers.ask("spot", "GET", "exchangeInfo", signed=False)
    assert len(answers.given) == 2, "what everybody may ask is asked"


async def test_E8_what_was_under_way_when_the_key_was_lost_tells_of_it_no_second_time(
    answers: Answers,
) -> None:
    answers.reply = Reply(401, '{"code": -2015, "msg": "Invalid API-key"}')
    await asyncio.gather(*(answers.ask("spot", "GET", "account") for _ in range(3)))
    assert len(answers.given) == 3 and len(answers.lost_because) == 1


async def test_E7_too_much_is_a_pause_for_all(answers: Answers) -> None:
    answers.reply = Reply(429, "", {"Retry-After": "7"})
    said = await answers.ask("spot", "GET", "order")
    assert isinstance(said, Limited) and answers.budget.quiet_s == 7.0
    answers.budget.quiet_s = 0.4
    assert isinstance(await answers.ask("spot", "DELETE", "order", urgent=True), Rejected)
    assert len(answers.given) == 1, "a part of a second is left of it, and a cancel waits too"
    answers.budget.quiet_s = 0.0
    await answers.ask("spot", "GET", "order")
    assert len(answers.given) == 2


async def test_E7_a_pause_that_came_while_an_order_waited_for_its_turn_is_kept(answers: Answers) -> None:
    await answers.measure_clock()
    answers.budget.full.clear()
    waits = asyncio.create_task(answers.ask("spot", "POST", "order"))
    await asyncio.sleep(0.01)
    answers.budget.pause(7.0)
    answers.budget.full.set()
    assert isinstance(await waits, Rejected) and answers.given == []


async def test_E9_a_signature_out_of_time_has_the_clock_measured_at_the_same_market(answers: Answers) -> None:
    await answers.measure_clock()
    answers.server_time = millis(NOW) + 3_000
    answers.reply = Reply(400, '{"code": -1021, "msg": "Timestamp for this request is outside"}')
    before = len(answers.sent)
    assert isinstance(await answers.ask("perp", "POST", "order"), RetryAfterResync)
    assert answers.sent[before:] == [("GET", "http://127.0.0.1:9/fapi/v1/time")]
    assert answers.now_ms() == millis(NOW) + 3_000


async def test_the_exchanges_time_is_reckoned_to_the_middle_of_the_question(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await answers.measure_clock()
    times = iter([NOW, NOW + timedelta(seconds=4), NOW])
    monkeypatch.setattr(answers, "_clock", SimpleNamespace(now=lambda: next(times)))
    answers.server_time = millis(NOW) + 5_000
    assert await answers.measure_clock() and answers.now_ms() == millis(NOW) + 3_000


async def test_no_answer_and_no_way_out_are_told_apart(answers: Answers) -> None:
    answers.reply = NoReply("reset")
    assert await answers.ask("spot", "POST", "order") == Unknown("reset")
    answers.reply = NoReply("refused", sent=False)
    assert await answers.ask("spot", "POST", "order") == Rejected(0, "never sent: refused")


async def test_a_budget_that_cannot_be_kept_lets_nothing_out(answers: Answers) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise BudgetBroken("exchange.budget: File exists")

    answers.budget.take = broken  # type: ignore[method-assign]
    said = await answers.ask("spot", "POST", "order")
    assert said == Rejected(0, "never sent: exchange.budget: File exists") and answers.given == []
    assert answers._waiting == 0, "whoever gave up waits no more"
