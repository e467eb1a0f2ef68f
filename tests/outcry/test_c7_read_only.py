"""C7 in mid-run: a folder of the home that takes nothing any more ends no floor, and is written to again when it does."""

from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import structlog

from db.anchor import path_of, read_anchor
from db.ledger import Head, _anchored
from openoutcry.ledger.stats import SessionStats
from outcry import runfile
from outcry.opening.watching import Watcher
from wire import logs
from wire.config import RunSpec

SESSION = UUID("6b1c2f1e-4a43-5d4b-8a53-0d3a7c9a1f10")


class Processes:
    """What a supervisor tells."""

    def __init__(self) -> None:
        self.now = {"api": 1}

    def pids(self) -> dict[str, int]:
        return dict(self.now)


class Warned:
    """A screen."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, text: str) -> None:
        self.lines.append(text)


def test_c7_a_process_comes_back_while_the_run_file_cannot_be_written(tmp_path: Path) -> None:
    processes, screen = Processes(), Warned()
    told: tuple[Any, Any] = (processes, screen)
    watcher = Watcher(tmp_path, RunSpec(market="synthetic"), "127.0.0.1:1", {}, *told, key=None)
    watcher.note()
    run = tmp_path / "run"
    run.rename(tmp_path / "away")
    run.write_text("in the way")
    processes.now = {"api": 2}
    for _ in range(3):
        watcher.note()
    assert screen.lines == [f"{run / 'floor.json'} is out of date: File exists"]
    run.unlink()
    watcher.note()
    content = runfile.running(tmp_path)
    assert content is not None and content.pids == {"api": 2} and content.pid == psutil.Process().pid


def head(seq: int) -> Head:
    return Head(seq, f"{seq:064x}", f"{seq + 1:064x}", SessionStats())


def test_c7_a_record_is_kept_where_its_anchor_cannot_be_and_the_next_one_is_anchored(tmp_path: Path) -> None:
    _anchored(tmp_path, SESSION, head(1))
    file = path_of(tmp_path, SESSION)
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()
    _anchored(tmp_path, SESSION, head(2))
    file.rmdir()
    file.write_bytes(kept)
    before = read_anchor(tmp_path, SESSION)
    _anchored(tmp_path, SESSION, head(3))
    then = read_anchor(tmp_path, SESSION)
    assert before is not None and then is not None and (before.seq, then.seq) == (1, 3)


def test_c7_p14_a_process_whose_log_cannot_be_opened_speaks_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "market.log").mkdir()
    logs.configure("market", tmp_path, own_output=True)
    structlog.get_logger().error("still_heard")
    first, second = capsys.readouterr().err.splitlines()
    assert (
        first == f"{tmp_path / 'market.log'}: Is a directory; its lines follow here"
        and "still_heard" in second
    )
