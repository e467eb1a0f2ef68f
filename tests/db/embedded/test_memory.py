"""What a killed run of the tests leaves in memory is removed by the next, and nothing else."""

import os
from pathlib import Path

from db.embedded import lock
from db.embedded.layout import Layout
from tests.memory import NAME, YOUNG_S, clear, folder


def left(memory: Path, name: str, *, age_s: float = 2 * YOUNG_S) -> Path:
    layout = Layout.of(memory / name)
    layout.make()
    layout.lock.touch()
    then = layout.lock.stat().st_mtime - age_s
    os.utime(layout.lock, (then, then))
    return layout.home


def test_only_what_nobody_holds_and_is_ours_is_removed(tmp_path: Path) -> None:
    abandoned, running, young, other = (
        left(tmp_path, f"{NAME}abandoned"), left(tmp_path, f"{NAME}running"),
        left(tmp_path, f"{NAME}young", age_s=0.0), left(tmp_path, "another-program"),
    )  # fmt: skip
    held = lock.take(Layout.of(running).lock)
    then = Layout.of(abandoned).lock.stat().st_mtime
    os.utime(Layout.of(running).lock, (then, then))
    clear(tmp_path)
    os.close(held)
    assert [one.exists() for one in (abandoned, running, young, other)] == [False, True, True, True]


def test_a_folder_is_gone_with_its_block(tmp_path: Path) -> None:
    abandoned = left(tmp_path, f"{NAME}abandoned")
    with folder(tmp_path) as made:
        assert made.is_dir() and not abandoned.exists()
    assert not made.exists()
