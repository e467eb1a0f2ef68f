"""Idempotency-Key: one effect and one answer, also when asked at once, after a timeout and after a crash."""

import asyncio

import pytest

from tests.api.conftest import world_on
from tests.api.test_errors import is_error

ORDER = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
KEY = {"Idempotency-Key": "order-1"}


async def test_a_repeat_gets_the_first_answer_and_does_nothing(answered, admin):
    first = await admin.post("/api/v1/orders", json=ORDER, headers=KEY)
    again = await admin.post("/api/v1/orders/", json={**ORDER, "price": None}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(answered.stand_in.executed) == 1


async def test_without_a_key_every_request_is_its_own(answered, admin):
    answers = [(await admin.post("/api/v1/orders", json=ORDER)).json()["order"]["id"] for _ in range(2)]
    assert answers[0] != answers[1]


async def test_the_same_key_for_another_request_is_refused(answered, admin):
    await admin.post("/api/v1/orders", json=ORDER, headers=KEY)
    for path, body in (
        ("/api/v1/orders", {**ORDER, "quantity": 0.02}),
        ("/api/v1/trade/halt", {"reason": "x"}),
    ):
        refused = is_error(await admin.post(path, json=body, headers=KEY), 422, "IDEMPOTENCY_CONFLICT")
        assert refused["field"] == "Idempotency-Key"
    assert len(answered.stand_in.executed) == 1


async def test_many_at_once_are_one(answered, admin):
    answers = await asyncio.gather(*(admin.post("/api/v1/orders", json=ORDER, headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["order"]["id"] for answer in answers}) == 1
    assert len(answered.stand_in.executed) == 1


async def test_a_refusal_is_kept_too(answered, admin):
    wanted = {"session_id": "00000000-0000-0000-0000-00000000ffff"}
    answers = [await admin.post("/api/v1/trade/pause", json=wanted, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert len(answered.stand_in.executed) == 1


async def test_after_a_timeout_the_repeat_waits_for_the_same_command(answered, admin):
    answered.stand_in.asleep = True
    object.__setattr__(answered.floor, "command_timeout_s", 0.2)
    is_error(await admin.post("/api/v1/orders", json=ORDER, headers=KEY), 503, "COMMAND_PENDING")
    is_error(await admin.post("/api/v1/orders", json=ORDER, headers=KEY), 503, "COMMAND_PENDING")
    answered.stand_in.asleep = False
    object.__setattr__(answered.floor, "command_timeout_s", 3.0)
    answer = await admin.post("/api/v1/orders", json=ORDER, headers=KEY)
    assert answer.status_code == 201
    assert len(answered.stand_in.executed) == 1


async def test_another_process_gives_the_same_answer(answered, admin):
    first = await admin.post("/api/v1/orders", json=ORDER, headers=KEY)
    async with world_on(answered.floor.database_url) as other, other.client("admin") as client:
        again = await client.post("/api/v1/orders", json=ORDER, headers=KEY)
    assert again.content == first.content


@pytest.mark.parametrize("path", ["start", "stop", "pause", "resume", "halt", "unhalt"])
async def test_every_steering_call_takes_a_key(answered, admin, path):
    here = {"session_id": answered.session_id}
    bodies = {
        "start": {"symbol": "BTC/USDT", "initial_capital": 1},
        "stop": {**here, "final_capital": 1},
        "halt": {"reason": "x"},
        "unhalt": {"reason": "y"},
    }
    body = bodies.get(path, here)
    answers = [await admin.post(f"/api/v1/trade/{path}", json=body, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].content == answers[1].content
    assert len(answered.stand_in.executed) == (
        0 if "halt" in path else 1
    )  # the kill switch waits in no queue


UNFIT_KEYS = ["", "x" * 201, "has space", "tab\tbed"]


async def test_an_unfit_key_is_refused(admin):
    for key in UNFIT_KEYS:
        answer = await admin.post("/api/v1/orders", json=ORDER, headers={"Idempotency-Key": key})
        is_error(answer, 400, "INVALID_ARGUMENT")
