"""The venue's journal: what survives what."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcp_servers.execution.venues.journal import Journal, JournalBroken, JournalBusy, Transaction
from openoutcry.errors import VenueUnknown
from openoutcry.sim.events import Canceled, VenueEvent

AT = datetime(2023, 1, 1, tzinfo=UTC)


def event(name: str) -> VenueEvent:
    return Canceled(at=AT, client_order_id=name, reason="r")


def written(path: Path, count: int = 3) -> list[Transaction]:
    journal = Journal(path)
    assert journal.recover() == []
    done = [
        journal.append(f"cause:{n}", [event(f"a{n}"), event(f"b{n}")], durable=True) for n in range(count)
    ]
    journal.close()
    return done


def reread(path: Path) -> list[Transaction]:
    journal = Journal(path)
    try:
        return journal.recover()
    finally:
        journal.close()


def test_what_was_written_is_read_back_with_its_numbers(tmp_path: Path) -> None:
    done = written(tmp_path / "deep" / "j.jsonl")
    assert [(t.first, t.last) for t in done] == [(1, 2), (3, 4), (5, 6)]
    assert reread(tmp_path / "deep" / "j.jsonl") == done


def test_every_torn_tail_is_cut_off_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    done = written(path)
    whole = path.read_bytes()
    start = whole.rfind(b"\n", 0, len(whole) - 1) + 1
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path)
        assert journal.recover() == done[:2] and path.stat().st_size == start
        assert journal.append("cause:2", [event("a2"), event("b2")], durable=True) == done[2]
        journal.close()
        assert path.read_bytes() == whole
    path.write_bytes(whole + b"\0" * 4096)
    assert reread(path) == done


@pytest.mark.parametrize("damage", ["edit", "drop", "swap", "repeat", "blank", "garbage", "foreign"])
def test_anything_else_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "j.jsonl"
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    other = tmp_path / "other.jsonl"
    written(other, 4)
    damaged = {
        "edit": [lines[0], lines[1].replace(b"a1", b"c1"), lines[2]],
        "drop": [lines[0], lines[2]],
        "swap": [lines[1], lines[0], lines[2]],
        "repeat": [*lines, lines[2]],
        "blank": [lines[0], b"\n", *lines[1:]],
        "garbage": [*lines, b"hello\n"],
        "foreign": [*lines[:2], json.dumps({"n": 5, "cause": "x", "events": [], "sum": ""}).encode() + b"\n"],
    }[damage]
    path.write_bytes(b"".join(damaged))
    with pytest.raises(JournalBroken, match=r"j\.jsonl, line"):
        reread(path)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    code = "import sys, pathlib; from mcp_servers.execution.venues.journal import Journal; "
    argv = [sys.executable, "-c", f"{code}Journal(pathlib.Path(sys.argv[1]))", str(path)]
    run = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert run.returncode == 1 and "JournalBusy" in run.stderr
    with pytest.raises(JournalBusy):
        Journal(path)
    journal.close()
    assert reread(path) == []


def test_a_failed_write_closes_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.recover()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VenueUnknown, match="No space left"):
        journal.append("cause", [event("a")], durable=True)
    assert journal.closed
    monkeypatch.undo()
    assert len(reread(tmp_path / "j.jsonl")) == 1  # written after all: which is why the outcome was unknown
