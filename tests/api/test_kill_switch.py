"""The kill switch over HTTP: of one symbol, of another org, with nobody to sweep, beside a file that is still there."""

import asyncio

import pytest

from api.routes import kill_switch
from db import halting, keys
from db.identity import orgs
from openoutcry.types.commands import ResetBreaker
from tests.api.test_errors import NOBODY, is_error
from tests.factories import ORG
from wire.clock import WallClock

HALT, UNHALT, RESET = "/api/v1/trade/halt", "/api/v1/trade/unhalt", "/api/v1/trade/breaker/reset"
NOTHING = {
    "halted": False, "symbol": None, "reason": None, "by": None, "source": None, "since": None, "flatten": False,
    "swept": False, "halted_symbols": [], "latched": [], "message": "",
}  # fmt: skip
AGAIN = {"reason": "right again"}


async def test_a_floor_that_is_not_halted_says_so_and_may_be_released_all_the_same(newborn):
    async with newborn.client("admin") as admin:
        assert (await admin.get(HALT)).json() == NOTHING
        released = await admin.post(UNHALT, json=AGAIN)
        assert (released.status_code, released.json()) == (200, {**NOTHING, "message": "Trading may go on"})


async def test_one_symbol_is_halted_by_itself(answered, admin):
    for name in ("eth-usdt", "BTC/USDT"):
        thrown = (await admin.post(HALT, json={"reason": f"no {name}", "symbol": name})).json()
        assert (thrown["halted"], thrown["swept"], thrown["message"]) == (True, True, "Trading halted")
    assert (thrown["symbol"], thrown["reason"], thrown["flatten"]) == ("BTC/USDT", "no BTC/USDT", False)
    assert (thrown["source"], thrown["by"]) == ("api", "the admin")
    now = (await admin.get(HALT)).json()
    assert now == {**NOTHING, "halted_symbols": ["BTC/USDT", "ETH/USDT"]}
    await admin.post(HALT, json={"reason": "all of it"})
    gone = await admin.post(UNHALT, json={**AGAIN, "symbol": "ETH-USDT"})  # though everything is halted too
    assert (gone.status_code, gone.json()["symbol"], gone.json()["halted"]) == (200, "ETH/USDT", False)
    assert set(await halting.standing(answered.pool)) == {None, "BTC/USDT"}


async def test_a_halt_that_nobody_sweeps_holds_and_says_that_it_is_not_swept(newborn):
    object.__setattr__(newborn.floor, "command_timeout_s", 0.1)
    async with newborn.client("admin") as admin:
        before = WallClock().now()
        thrown = (await admin.post(HALT, json={"reason": "now", "flatten": True})).json()
        assert (thrown["halted"], thrown["swept"], thrown["flatten"]) == (True, False, True)
        halt = (await halting.standing(newborn.pool))[None]
        assert before.isoformat() <= halt["at"] and thrown["since"][:19] == halt["at"][:19]


async def test_the_switch_is_the_floors_own_orgs(newborn):
    other = await orgs.add(newborn.pool, "other", "basic")
    text = (await keys.create(newborn.pool, "theirs", "admin", org_id=other.id)).text
    async with newborn.client(None, Authorization=f"Bearer {text}") as stranger:
        for path in (HALT, UNHALT):
            body = is_error(await stranger.post(path, json=AGAIN), 403, "FORBIDDEN")
            assert body["error"] == "forbidden"
    assert await halting.standing(newborn.pool) == {}


async def by_file(world) -> None:
    await halting.throw(world.pool, ORG, reason="a file", by="the file", source="file", at=WallClock().now())


async def test_a_kill_file_that_is_still_there_is_said_and_not_released(newborn, monkeypatch):
    monkeypatch.setattr(kill_switch, "FILE_S", 3.0)
    await by_file(newborn)
    async with newborn.pool.acquire() as connection, newborn.client("admin") as admin:
        released = asyncio.Event()

        def heard(*_: object) -> None:
            released.set()

        await connection.add_listener(halting.CHANNEL, heard)

        async def watching() -> None:
            """Whoever looks after the file sees the release, and that the file is there."""
            await released.wait()
            await by_file(newborn)

        watcher = asyncio.create_task(watching())
        is_error(await admin.post(UNHALT, json=AGAIN), 409, "KILL_FILE")
        await watcher
        await connection.remove_listener(halting.CHANNEL, heard)
        assert (await halting.standing(newborn.pool))[None]["source"] == "file"


@pytest.mark.parametrize("symbol", [None, "BTC/USDT"])
async def test_whoever_halted_nothing_is_released_while_the_kill_file_is_there(newborn, tmp_path, symbol):
    file = tmp_path / "KILL"
    file.touch()
    object.__setattr__(newborn.floor, "kill_file", file)
    object.__setattr__(newborn.floor, "command_timeout_s", 0.1)
    async with newborn.client("admin") as admin:
        await admin.post(HALT, json={"reason": "now", "flatten": True, "symbol": symbol})
        stood = await halting.standing(newborn.pool)
        is_error(await admin.post(UNHALT, json={**AGAIN, "symbol": symbol}), 409, "KILL_FILE")
        assert await halting.standing(newborn.pool) == stood
        file.unlink()
        assert (await admin.post(UNHALT, json={**AGAIN, "symbol": symbol})).json()["halted"] is False


async def test_a_kill_file_that_is_gone_is_waited_for_and_no_other_halt_is(newborn, monkeypatch):
    monkeypatch.setattr(kill_switch, "FILE_S", 0.05)
    await by_file(newborn)
    async with newborn.client("admin") as admin:
        assert (await admin.post(UNHALT, json=AGAIN)).json()["halted"] is False
        monkeypatch.setattr(kill_switch, "FILE_S", 1e6)
        object.__setattr__(newborn.floor, "command_timeout_s", 0.1)
        await admin.post(HALT, json={"reason": "now"})
        assert (await admin.post(UNHALT, json=AGAIN)).json()["halted"] is False


async def test_a_loss_limit_that_was_reached_is_named_halted_or_not_to_its_own_org(answered, admin):
    latch = {"value": "0.061", "limit": "0.05", "seq": 3, "as_of": "2023-01-02T00:00:00+00:00"}
    session = answered.session
    record = session._write("MANUAL", detail={"latched": {"max_daily_loss": latch}})
    await answered.writer.write(record)
    reached = {
        "session_id": answered.session_id, "symbol": "BTC/USDT", "rule": "max_daily_loss", "value": 0.061, "limit": 0.05,
        "seq": 3, "as_of": "2023-01-02T00:00:00Z",
    }  # fmt: skip
    assert (await admin.get(HALT)).json() == {**NOTHING, "latched": [reached]}
    thrown = (await admin.post(HALT, json={"reason": "now"})).json()
    assert (thrown["halted"], thrown["latched"]) == (True, [reached])
    assert (await admin.post(UNHALT, json=AGAIN)).json()["latched"] == [
        reached
    ]  # ends the halt, not the limit
    other = await orgs.add(answered.pool, "another", "basic")
    text = (await keys.create(answered.pool, "theirs", "admin", org_id=other.id)).text
    async with answered.client(None, Authorization=f"Bearer {text}") as stranger:
        assert (await stranger.get(HALT)).json()["latched"] == []
    await answered.writer.write(session._write("MANUAL", detail={}))
    assert (await admin.get(HALT)).json() == NOTHING


@pytest.mark.parametrize("everywhere", [True, False])
async def test_the_breaker_is_reset_in_one_session_or_in_all(answered, admin, everywhere):
    session = None if everywhere else answered.session_id
    done = await admin.post(RESET, json={**AGAIN, **({"session_id": session} if session else {})})
    assert (done.status_code, done.json()) == (200, {"reset": [], "released": False})
    assert answered.stand_in.executed == [ResetBreaker(reason="right again", session_id=session)]


async def test_the_breaker_of_no_session_is_not_reset(answered, admin):
    body = is_error(await admin.post(RESET, json={**AGAIN, "session_id": "x"}), 400, "INVALID_ARGUMENT")
    assert body["error"] == "invalid session_id format"
    is_error(await admin.post(RESET, json={"session_id": NOBODY}), 400, "INVALID_ARGUMENT")
    assert answered.stand_in.executed == []
