"""The kill switch at the execution server: nothing that adds leaves, what reduces does, whatever threw it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from db import halting, state
from db.leases import Leases
from mcp_servers.execution.leaving import FRESH_S
from mcp_servers.execution.venues.journal import Journal, JournalBusy
from openoutcry.errors import NotAuthorised, ToolFailed
from openoutcry.types.fence import Fence
from tests.mcp_servers.execution.floor import (
    Floor,
    approve,
    arguments,
    floor_in_memory,
    halted,
    token,
)
from tests.mcp_servers.execution.test_placing import ENTRY, STOP, at_venue
from tests.mcp_servers.execution.venue import PERP, SPOT, T0, order
from wire.config import DEFAULT_ORG

EXIT = order("exit", "SELL", "MARKET", "1", reduce_only=True)
ORG = UUID(DEFAULT_ORG)


@pytest.fixture
async def floor(tmp_path: Path, fresh_database: str) -> AsyncIterator[Floor]:
    async with floor_in_memory(tmp_path, fresh_database) as running:
        yield running


async def test_while_halted_only_what_reduces_leaves(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    await halted(floor.pool, "enough")
    refused = await floor.place(ENTRY, seq=2, hour=0)
    assert (refused["status"], refused["error"]) == ("REJECTED", "HALTED: enough")
    again = await floor.place(ENTRY, seq=2, hour=0)
    assert again["status"] == "REJECTED" and at_venue(floor) == 1
    asked = arguments(EXIT, 3, 0, changes={"reduces": True})
    assert (await floor.server.call("place_order", asked, round_token=token(3, 0)))["status"] == "FILLED"
    await halting.release(floor.pool, ORG, reason="fine", by="me", at=T0)
    assert (await floor.place(ENTRY, seq=4, hour=0))["status"] == "FILLED"


async def test_that_an_order_reduces_is_the_gates_word_not_the_callers(floor: Floor) -> None:
    await halted(floor.pool, "enough")
    claimed = {**approve(ENTRY, 1, 0).model_dump(mode="json"), "reduces": True}
    with pytest.raises(NotAuthorised, match="signature"):
        asked = {**arguments(ENTRY, 1, 0), "approval": claimed}
        await floor.server.call("place_order", asked, round_token=token(1, 0))
    assert await floor.row(1, "entry") is None


async def test_one_symbol_is_halted_by_itself(floor: Floor) -> None:
    await halted(floor.pool, "the venue knows of a position that we do not", PERP)
    assert (await floor.place(ENTRY, seq=1, hour=0))["status"] == "FILLED"
    hedge = order("hedge", "SELL", "MARKET", "1", symbol=PERP)
    refused = await floor.place(hedge, seq=2, hour=0)
    assert (refused["status"], refused["error"][:7]) == ("REJECTED", "HALTED:")
    await halting.release(floor.pool, ORG, reason="found it", by="me", at=T0, symbol=PERP)
    assert (await floor.place(hedge, seq=3, hour=0))["status"] == "FILLED"


async def test_a_kill_file_halts_by_itself_and_the_floor_stays_halted_when_it_is_gone(floor: Floor) -> None:
    file = floor.home / "KILL"
    file.write_text("smoke in the server room\nand more\n")
    refused = await floor.place(ENTRY, seq=1, hour=0)
    assert (refused["status"], refused["error"]) == (
        "REJECTED",
        "HALTED: kill file: smoke in the server room",
    )
    for _ in range(100):
        if found := (await halting.standing(floor.pool)).get(None):
            break
        await asyncio.sleep(0.05)
    assert (found["source"], found["reason"]) == ("file", "kill file: smoke in the server room")
    file.unlink()
    assert (await floor.place(ENTRY, seq=2, hour=0))["status"] == "REJECTED"
    await halting.release(floor.pool, ORG, reason="only toast", by="me", at=T0)
    assert (await floor.place(ENTRY, seq=3, hour=0))["status"] == "FILLED"


async def test_a_floor_that_finds_its_kill_file_starts_halted(tmp_path: Path, fresh_database: str) -> None:
    (tmp_path / "KILL").touch()
    async with floor_in_memory(tmp_path, fresh_database) as floor:
        assert (await halting.standing(floor.pool))[None]["reason"] == "kill file"
        assert (await floor.place(ENTRY, seq=1, hour=0))["status"] == "REJECTED"


async def test_an_unreadable_kill_file_halts_too(floor: Floor) -> None:
    (floor.home / "KILL").mkdir()
    assert (await floor.place(ENTRY, seq=1, hour=0))["status"] == "REJECTED"


async def test_the_kill_switch_over_mcp(floor: Floor) -> None:
    asked = {"reason": "the model is odd", "symbol": "btc-usdt"}
    answer = asyncio.create_task(floor.server.call("halt_trading", asked, timeout_s=20))
    for _ in range(200):
        if SPOT in await halting.standing(floor.pool):
            break
        await asyncio.sleep(0.02)
    await halting.mark_swept(floor.pool, SPOT, flatten=False)
    said = await answer
    assert (said["halted"], said["symbol"], said["by"], said["swept"]) == (True, SPOT, "local", True)
    assert (await floor.place(ENTRY, seq=1, hour=0))["status"] == "REJECTED"


async def test_p6_what_another_holds_nothing_is_sent_under(floor: Floor, fresh_database: str) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    await floor.pool.execute("UPDATE leases SET token = token + 1 WHERE name LIKE 'account:%'")
    for attempt in (
        floor.place(STOP, seq=1, hour=0),
        floor.cancel(1, "entry", seq=2, hour=0),
    ):
        with pytest.raises(ToolFailed, match="FENCED"):
            await attempt
    assert await floor.row(1, "stop_loss") is None and at_venue(floor) == 1


async def test_p6_a_ghost_orchestrators_order_is_not_sent(floor: Floor, fresh_database: str) -> None:
    async with Leases.opened(fresh_database, "living") as leases:
        living = await leases.take("orchestrator")
        ghost = Fence(name="orchestrator", token=living.token - 1)
        with pytest.raises(ToolFailed, match="FENCED"):
            asked = arguments(ENTRY, 1, 0)
            await floor.server.call("place_order", asked, round_token=token(1, 0, fence=ghost))
        assert at_venue(floor) == 0
        for table in ("orders", "approvals"):  # its round may have its record long since (seed 9)
            assert await floor.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
        done = await floor.server.call("place_order", asked, round_token=token(1, 0, fence=living))
        assert done["status"] == "FILLED"
        with pytest.raises(ToolFailed, match="FENCED"):  # nor is it told what became of its successor's
            await floor.server.call("place_order", asked, round_token=token(1, 0, fence=ghost))


async def test_p12_what_was_approved_on_a_market_of_long_ago_is_not_sent_on_the_live_one(
    floor: Floor,
) -> None:
    """As when the orchestrator stood still in the middle of a round, and nobody took its place. What reduces is never late."""
    await floor.place(ENTRY, seq=1, hour=0)
    for request, reduces, stood in ((ENTRY, False, "REJECTED"), (EXIT, True, "NEW")):
        asked = arguments(request, 2, 0, changes={"reduces": reduces})
        done = await floor.server.call("place_order", asked, round_token=token(2, 0, source="live"))
        assert done["status"] == stood
        assert (done["error"] or "").startswith("EXPIRED: approved until 2023-01-01T01:00:00") is not reduces
    row = await floor.row(2, "entry")
    assert row is not None and row["status"] == "REJECTED" and at_venue(floor) == 2


async def test_an_order_leaves_soon_after_its_check_or_is_checked_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process was stopped between SENT and the first byte: what was thrown meanwhile holds."""
    from mcp_servers.execution import intents, leaving

    times = iter([0.0, FRESH_S, FRESH_S, FRESH_S])
    monkeypatch.setattr(leaving, "monotonic", lambda: next(times))
    real = intents.sent

    async def stopped(*given: object) -> None:
        await real(*given)  # type: ignore[arg-type]
        await halted(floor.pool, "while it slept")

    monkeypatch.setattr(leaving, "sent", stopped)
    refused = await floor.place(ENTRY, seq=1, hour=0)
    assert (refused["status"], refused["error"]) == ("REJECTED", "HALTED: while it slept")
    assert at_venue(floor) == 0


async def test_p6_a_ghost_that_wakes_between_check_and_cancel_cancels_nothing(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it stood still its place was taken: what it had checked is too old, and is checked again."""
    from db.leases import still_held
    from mcp_servers.execution import leaving

    await floor.place(ENTRY, seq=1, hour=0)
    await floor.place(STOP, seq=1, hour=0)
    times, real = iter([0.0, FRESH_S, FRESH_S, FRESH_S]), still_held
    monkeypatch.setattr(leaving, "monotonic", lambda: next(times))

    async def stopped(*given: object) -> None:
        await real(*given)  # type: ignore[arg-type]
        await floor.pool.execute("UPDATE leases SET token = token + 1 WHERE name LIKE 'account:%'")

    monkeypatch.setattr(leaving, "still_held", stopped)
    with pytest.raises(ToolFailed, match="FENCED"):
        await floor.cancel(1, "stop_loss", seq=2, hour=0)
    row = await floor.row(1, "stop_loss")
    assert row is not None and row["status"] == "NEW"


async def test_a_halt_never_stops_a_cancel(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    await floor.place(STOP, seq=1, hour=0)
    await halted(floor.pool, "enough")
    assert (await floor.cancel(1, "stop_loss", seq=2, hour=0))["status"] == "CANCELED"


async def test_without_an_orchestrator_the_server_closes_by_itself(
    floor: Floor,
) -> None:
    await state.set_clock(floor.pool, T0, "recorded")
    await floor.place(ENTRY, seq=1, hour=0)
    await floor.place(STOP, seq=1, hour=0)
    await halted(floor.pool, "nobody is there", flatten=True)
    for _ in range(200):
        if (await halting.standing(floor.pool))[None]["swept"]:
            break
        await asyncio.sleep(0.05)
    stop, gone = await floor.sync(seq=2, hour=3), await floor.row(0, "halt_exit-1")
    assert gone is not None and gone["status"] in ("NEW", "FILLED")
    assert [(o["leg"], o["status"]) for o in stop["orders"]][-2:] == [
        ("stop_loss", "CANCELED"),
        ("halt_exit-1", "FILLED"),
    ]
    assert [order["request"]["leg"] for order in stop["adopted"]] == ["halt_exit-1"]


async def test_p6_a_superseded_server_lets_go_of_everything_at_once(floor: Floor) -> None:
    """Of accounts too that nobody has taken from it yet: lease and file are its successor's to take."""
    await floor.place(ENTRY, seq=1, hour=0)
    [file] = (floor.home / "venue").glob("*.jsonl")
    with pytest.raises(JournalBusy):
        Journal(file)
    await floor.pool.execute("UPDATE leases SET token = token + 1, holder = 'next' WHERE name = 'execution'")
    free = "SELECT expires_at <= clock_timestamp() FROM leases WHERE name LIKE 'account:%'"
    for _ in range(100):
        if await floor.pool.fetchval(free):
            break
        await asyncio.sleep(0.1)
    assert await floor.pool.fetchval(free)
    Journal(file).close()
    with pytest.raises(ToolFailed, match="FENCED"):
        await floor.place(STOP, seq=1, hour=0)
    assert at_venue(floor) == 1
