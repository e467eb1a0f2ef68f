"""A folder in memory for the server of a run, and an end to those that killed runs have left there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.embedded import lock
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.layout import Layout
from wire.clock import WallClock

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""So much must be free there: a server of the tests takes less than one GiB, and there are a few."""
NAME = "outcry-tests-"
YOUNG_S = 60.0
"""What is younger may be on its way to its lock."""


@contextmanager
def folder(memory: Path = MEMORY) -> Iterator[Path]:
    """A folder of its own, in memory where there is room, until the block ends."""
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    if usable:
        clear(memory)
    roomy = usable and shutil.disk_usage(memory).free > ROOM
    with tempfile.TemporaryDirectory(prefix=NAME, dir=memory if roomy else None) as made:
        yield Path(made)


def clear(memory: Path) -> None:
    """Remove folders whose server's lock nobody holds: a run that was killed takes nothing back, and memory is dear."""
    now = WallClock().now().timestamp()
    for left in memory.glob(f"{NAME}*"):
        held = Layout.of(left).lock
        try:
            if now - held.stat().st_mtime < YOUNG_S:
                continue
            os.close(lock.take(held))
        except (EmbeddedPostgresError, OSError):  # it runs, is not ours, or is gone
            continue
        shutil.rmtree(left, ignore_errors=True)
