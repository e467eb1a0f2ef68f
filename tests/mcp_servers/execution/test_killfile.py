"""The kill file: what it says, and that the floor hears of it through trouble."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from db import halting
from mcp_servers.execution import killfile
from mcp_servers.execution.killfile import KillFile
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

ORG = UUID(DEFAULT_ORG)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"", "kill file"),
        (b"\nsmoke", "kill file"),
        (b"  smoke in the room \nand more", "kill file: smoke in the room"),
        (b"x" * 301, "kill file: " + "x" * 300),
        (b"\xff smoke", "kill file: \ufffd smoke"),
    ],
)
def test_its_first_line_is_the_reason(tmp_path: Path, written: bytes, reason: str) -> None:
    file = KillFile(tmp_path / "KILL")
    assert file.reason() is None
    file.path.write_bytes(written)
    assert file.reason() == reason


def test_what_is_there_and_cannot_be_read_halts(tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    assert KillFile(tmp_path / "KILL").reason() == "kill file"


async def test_the_floor_is_halted_by_it_once_and_through_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killfile, "LOOK_S", 0.001)
    thrown: list[dict[str, Any]] = []
    looked = asyncio.Event()

    async def throw(pool: object, org_id: UUID, **more: Any) -> bool:
        thrown.append({"org_id": org_id, **more})
        if len(thrown) == 1:
            raise ConnectionError("the database is away")
        if len(thrown) == 3:
            looked.set()
        return len(thrown) == 2

    monkeypatch.setattr(halting, "throw", throw)
    file, pool = KillFile(tmp_path / "KILL"), Any
    await file.heed(pool, ORG, WallClock().now())  # type: ignore[arg-type]
    assert thrown == []
    file.path.write_text("smoke")
    watching = asyncio.create_task(file.watch(pool, ORG, WallClock()))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        await looked.wait()
    watching.cancel()
    [said] = {tuple(sorted((k, str(v)) for k, v in one.items() if k != "at")) for one in thrown}
    assert dict(said) == {"org_id": str(ORG), "reason": "kill file: smoke", "by": "KILL", "source": "file"}
