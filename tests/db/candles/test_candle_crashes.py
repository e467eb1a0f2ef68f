"""Writers are killed and writers collide; readers never see half of a change."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.candles import CandleReader, CandleStore, StoreBusy
from db.candles.lock import exclusive
from openoutcry.types.timeframes import from_millis
from tests.db.candles.flipping import VERSIONS, YEAR, version_of
from tests.db.candles.series_of_bars import BTC_1H, walk

ROOT = Path(__file__).parents[3]


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.db.candles.{module}", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@contextmanager
def flipping(home: Path) -> Iterator[None]:
    """Another process keeps replacing the year; it is killed on leaving."""
    with start("flipping", home) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            yield
        finally:
            writer.kill()


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    writers = [start("appending", tmp_path, which, 3, 120) for which in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert CandleStore(tmp_path).read(BTC_1H).same_as(walk(120))


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_year(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.merge(BTC_1H, VERSIONS[0])
    chance = random.Random(7)
    seen = set()
    for _ in range(6):
        with flipping(tmp_path):
            until = time.monotonic() + chance.uniform(0.05, 0.4)
            while time.monotonic() < until:  # reads while it writes
                assert version_of(store.read(BTC_1H)) is not None
        version = version_of(store.read(BTC_1H))
        assert version is not None
        seen.add(version)
        assert store.coverage(BTC_1H).missing == 0
    assert seen <= {0, 1}


def test_a_cached_reader_never_mixes_two_versions(tmp_path: Path) -> None:
    CandleStore(tmp_path).merge(BTC_1H, VERSIONS[0])
    reader, end = CandleReader(tmp_path), from_millis(int(VERSIONS[0].timestamp[-1]) + BTC_1H.bar_ms)
    with flipping(tmp_path):
        begin, seen = time.monotonic(), set[int]()
        while time.monotonic() - begin < 2.0 or (len(seen) < 2 and time.monotonic() - begin < 30.0):
            version = version_of(reader.window(BTC_1H, end, YEAR))
            assert version is not None
            seen.add(version)
    assert seen == {0, 1}


def test_what_a_crash_left_committed_counts_and_what_it_left_staged_does_not(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.merge(BTC_1H, walk(40))
    folder = tmp_path / BTC_1H.folder
    other = CandleStore(tmp_path / "other")
    other.merge(BTC_1H, walk(100))
    (tmp_path / "other" / BTC_1H.folder).rename(folder / ".commit")
    (folder / ".commit/.lock").unlink()
    (folder / ".staging").mkdir()
    (folder / ".staging/2024-03.parquet").write_bytes(b"half")
    assert store.read(BTC_1H).same_as(walk(100))
    store.merge(BTC_1H, walk(101))
    assert store.read(BTC_1H).same_as(walk(101))
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "2024-01.parquet", "2024-02.parquet"]


def test_a_held_series_is_refused_after_the_wait(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "series", 1.0),
        pytest.raises(StoreBusy, match="another writer"),
        exclusive(tmp_path / "series", 0.1),
    ):
        pass
