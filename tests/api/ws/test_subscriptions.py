"""What a client chooses to hear: by query, by first frame, by later frames; and what it may not choose."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from api.ws.frames import read_frame
from api.ws.subscription import EVERYTHING, MOST, TYPES, Subscription
from api.ws.told import Told
from openoutcry.errors import BadInput
from tests.api.ws.log import ORG
from tests.api.ws.serving import served
from tests.api.ws.test_stream import FOREIGN_SESSION, SESSION, Stage, hear, settled

BTC, ETH = {"symbol": "BTC/USDT", "session_id": str(SESSION)}, {"symbol": "ETH/USDT", "session_id": "another"}
BROAD = {"status": "trading_started"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    async with served(made.app()) as made.address:
        yield made


def happen(stage: Stage) -> None:
    """Five events: a trade and an order of BTC, a trade and an order of ETH, one about neither."""
    for data in (BTC, ETH):
        stage.log.add("trade", data)
        stage.log.add("order_update", data)
    stage.log.add("system_status", BROAD)


async def numbers(client, count: int) -> list[int]:
    """The numbers of so many events, and nothing else before the pong."""
    seen = [(await hear(client))["seq"] for _ in range(count)]
    await client.send('{"type":"ping"}')
    assert (await hear(client))["type"] == "pong"
    return seen


CHOICES = [
    ("symbols=BTCUSDT", [1, 2, 5]), ("symbols=BTC%2FUSDT,eth-usdt", [1, 2, 3, 4, 5]), ("types=trade", [1, 3]),
    (f"sessions={SESSION}", [1, 2, 5]), (f"sessions={SESSION}&types=trade&types=order_update", [1, 2]),
    ("symbols=ETH/USDT&types=trade", [3]), ("types=error", []),
]  # fmt: skip


@pytest.mark.parametrize(("query", "heard"), CHOICES)
async def test_the_query_chooses_live_and_on_resuming(stage: Stage, query: str, heard: list[int]) -> None:
    async with stage.connect(query=f"?{query}") as client:
        await settled(stage, 1)
        happen(stage)
        while stage.hub._streams[ORG].head < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await numbers(client, len(heard)) == heard
    async with stage.connect(query=f"?last_seq=0&{query}") as again:
        assert await numbers(again, len(heard)) == heard


async def test_the_first_frame_chooses_too(stage: Stage) -> None:
    async with stage.connect(token=None) as client:
        await client.send('{"type":"auth","token":"key-1","symbols":["ETHUSDT"],"types":["trade"]}')
        await settled(stage, 1)
        happen(stage)
        assert (await hear(client))["seq"] == 3


async def test_later_frames_change_what_is_heard(stage: Stage) -> None:
    async def say(**frame) -> dict:
        await client.send(json.dumps(frame))
        return (await hear(client))["data"]

    async with stage.connect() as client:
        await settled(stage, 1)
        assert await say(type="subscribe", types=["trade"]) == {
            "symbols": None,
            "sessions": None,
            "types": ["trade"],
        }
        assert (await say(type="subscribe", types=["order_update"], symbols=["btc/usdt"]))["types"] == [
            "order_update",
            "trade",
        ]
        happen(stage)
        assert await numbers(client, 2) == [1, 2]
        told = await say(type="unsubscribe", types=["trade"])
        assert (told["types"], told["symbols"]) == (["order_update"], ["BTC/USDT"])
        happen(stage)
        assert await numbers(client, 1) == [7]
        assert (await say(type="subscribe", types=None, symbols=None)) == {
            "symbols": None,
            "sessions": None,
            "types": None,
        }
        happen(stage)
        assert await numbers(client, 5) == [11, 12, 13, 14, 15]


REFUSED = [
    ("symbols=%21%21", "symbols"), ("types=gossip", "types"), ("sessions=x", "sessions"), ("colour=red", "colour"),
    ("token=key-1", "token"), ("symbols=", "symbols"), ("last_seq=1&last_seq=2", "last_seq"), ("last_seq=-1", "last_seq"),
    ("types=" + ",".join(["trade"] * (MOST + 1)), "types"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "field"), REFUSED)
async def test_a_query_that_makes_no_sense_is_refused_by_name(stage: Stage, query: str, field: str) -> None:
    async with stage.connect(query=f"?{query}") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd.code == 1008 and closed.value.rcvd.reason.startswith(field)


async def test_another_org_s_session_is_an_unknown_one(stage: Stage) -> None:
    reasons = []
    for session in (FOREIGN_SESSION, "00000000-0000-0000-0000-0000000000cc"):
        async with stage.connect(query=f"?sessions={session}") as client:
            with pytest.raises(ConnectionClosed) as closed:
                await hear(client)
        reasons.append((closed.value.rcvd.code, closed.value.rcvd.reason.replace(str(session), "")))
        async with stage.connect() as client:
            await client.send(json.dumps({"type": "subscribe", "sessions": [str(session)]}))
            message = await hear(client)
            reasons.append((message["data"]["field"], message["data"]["error"].replace(str(session), "")))
            stage.log.add("trade", BTC)  # nothing was changed
            assert (await hear(client))["type"] == "trade"
    assert reasons[:2] == reasons[2:] and reasons[0][0] == 1008


BAD_FRAMES = [
    '{"type":"subscribe","types":["gossip"]}', '{"type":"subscribe","colour":["red"]}',
    '{"type":"unsubscribe","types":["trade"]}',
    '{"type":"subscribe","symbols":[]}', '{"type":"subscribe","symbols":"BTC/USDT"}', '{"type":"subscribe","sessions":[1]}',
]  # fmt: skip


async def test_a_frame_that_makes_no_sense_changes_nothing_and_says_what(stage: Stage) -> None:
    async with stage.connect() as client:
        await settled(stage, 1)
        for raw in BAD_FRAMES:
            await client.send(raw)
            message = await hear(client)
            assert message["type"] == "error" and message["data"]["field"] in raw, message
        happen(stage)
        assert [(await hear(client))["seq"] for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_a_first_frame_with_an_unknown_field_is_refused(stage: Stage) -> None:
    async with stage.connect(token=None) as client:
        await client.send('{"type":"auth","token":"key-1","role":"admin"}')
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "role: unknown field")


NAMES = st.lists(st.sampled_from(TYPES), min_size=1, max_size=4)


@given(chosen=NAMES, dropped=NAMES)
def test_what_is_dropped_is_not_heard_and_the_rest_is(chosen: list[str], dropped: list[str]) -> None:
    made = EVERYTHING.with_({"types": chosen})
    try:
        left = made.without({"types": dropped})
    except BadInput:
        assert not set(dropped) <= set(chosen)
        return
    for kind in TYPES:
        event = Told(1, kind, None, None, "")
        assert left.admits(event) == (kind in set(chosen) - set(dropped))
    assert left.with_({"types": None}) == EVERYTHING == Subscription()


@given(st.binary(max_size=600))
def test_whatever_comes_is_a_frame_or_bad_input(raw: bytes) -> None:
    try:
        read_frame(raw)
    except BadInput as error:
        assert str(error)
