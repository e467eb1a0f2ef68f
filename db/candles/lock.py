"""One writer per series: a lock the kernel gives back when its holder dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from db.candles.errors import StoreBusy

RETRY_S = 0.02


@contextlib.contextmanager
def exclusive(folder: Path, timeout_s: float) -> Iterator[None]:
    """Hold the folder's lock, against threads of this process too. Raises StoreBusy after ``timeout_s``."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as held:
                if time.monotonic() >= deadline:
                    raise StoreBusy(f"{folder}: another writer has held it for {timeout_s:g} s") from held
                time.sleep(RETRY_S)
        yield
    finally:
        os.close(descriptor)
