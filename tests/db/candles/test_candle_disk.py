"""A disk that takes no more, and writers of one series in several processes that are killed while they write."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from db.candles import CandleStore
from db.candles.verifying import verify
from tests.db.candles.series_of_bars import BTC_1H, walk
from wire.clock import WallClock

ROOT = Path(__file__).parents[3]
FULL = """
import json, resource, sys
from pathlib import Path
from db.candles import CandleStore
from openoutcry.errors import OpenOutcryError
from tests.db.candles.series_of_bars import BTC_1H, walk

store = CandleStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    store.merge(BTC_1H, walk(2000))
except OpenOutcryError as error:
    print(json.dumps([error.code, str(error)]))
"""


def test_a_full_disk_changes_nothing_and_is_told(tmp_path: Path) -> None:
    """No file may grow beyond 8 kB, as on a disk with that much left: the third month does not fit."""
    store = CandleStore(tmp_path)
    store.merge(BTC_1H, walk(60))
    for limit in (1, 4000, 8000):
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(tmp_path), str(limit)],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        code, message = json.loads(done.stdout)
        assert code == "CANDLE_STORE_FAILED"
        assert "nothing has changed" in message
        assert store.read(BTC_1H).same_as(walk(60))
        folder = tmp_path / BTC_1H.folder
        assert sorted(path.name for path in folder.iterdir()) == [
            ".lock",
            "2024-01.parquet",
            "2024-02.parquet",
        ]
    store.merge(BTC_1H, walk(2000))
    assert store.read(BTC_1H).same_as(walk(2000))


def test_writers_killed_while_others_write_damage_nothing(tmp_path: Path) -> None:
    """Three processes add every third bar one by one; each is killed twice in the middle and started again."""
    store, chance, count = CandleStore(tmp_path), Random(5), 90

    def start(which: int) -> subprocess.Popen[bytes]:
        words = [
            sys.executable,
            "-m",
            "tests.db.candles.appending",
            str(tmp_path),
            str(which),
            "3",
            str(count),
        ]
        return subprocess.Popen(words, cwd=ROOT)

    writers = [start(which) for which in range(3)]
    kills = 0
    until = time.monotonic() + 60
    while any(writer.poll() is None for writer in writers) and time.monotonic() < until:
        time.sleep(chance.uniform(0.05, 0.2))
        store.read(BTC_1H)  # never half of a file
        which = chance.randrange(3)
        if kills < 6 and len(store.read(BTC_1H)) > 10 and writers[which].poll() is None:
            os.kill(writers[which].pid, signal.SIGKILL)
            writers[which].wait()
            writers[which], kills = start(which), kills + 1
    assert [writer.wait(1) for writer in writers] == [0, 0, 0]
    assert kills > 0
    assert store.read(BTC_1H).same_as(walk(count))
    assert verify(store, [BTC_1H], now=WallClock().now()).damaged == ()
