"""A series' folder of month files, changed all at once or not at all.

New months are written to ``.staging``, which one rename turns into ``.commit``: from then on its files count
before the ones beside it, so readers see the whole change. Whoever writes next moves what a crash left in
``.commit`` into place.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from db.candles.errors import StoreFailed
from db.candles.lock import exclusive

MONTH_FILE = re.compile(r"[0-9]{4}-[0-9]{2}\.parquet", re.ASCII)
COMMIT = ".commit"
STAGING = ".staging"
LOCK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class FileMark:
    """Where a month's file is, and a mark that changes whenever its content does."""

    path: Path
    mark: tuple[int, int, int]


def listing(folder: Path) -> dict[str, FileMark]:
    """Month (``2024-01``) → file, ascending: all of a change or none of it. Empty when there is no folder."""
    while True:
        before = folder_mark(folder)
        pending = _scan(folder / COMMIT)
        placed = _scan(folder) or {}
        if pending is not None:
            return dict(sorted({**placed, **pending}.items()))
        if folder_mark(folder) == before and not (folder / COMMIT).exists():
            return dict(sorted(placed.items()))


def _scan(place: Path) -> dict[str, FileMark] | None:
    found: dict[str, FileMark] = {}
    try:
        for entry in os.scandir(place):
            if MONTH_FILE.fullmatch(entry.name):
                with suppress(FileNotFoundError):  # moved into place meanwhile, where it is seen
                    found[entry.name[:7]] = FileMark(Path(entry.path), _mark(entry.stat()))
    except FileNotFoundError:
        return None
    return found


def folder_mark(folder: Path) -> tuple[int, int] | None:
    """Changes whenever a file in the folder appears or is replaced; one stat."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def file_mark(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file's content does; None when it is gone."""
    try:
        return _mark(path.stat())
    except FileNotFoundError:
        return None


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def writing(folder: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[Path]:
    """Hold the folder for writing. Months left in the staging folder take effect together on leaving.

    Raises StoreBusy, or StoreFailed when the disk refuses: then nothing has changed.
    """
    try:
        with _staged(folder, timeout_s) as staging:
            yield staging
    except OSError as error:
        raise StoreFailed(folder, error) from error


@contextmanager
def _staged(folder: Path, timeout_s: float) -> Iterator[Path]:
    with exclusive(folder, timeout_s):
        _finish(folder)
        staging = folder / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            yield staging
            if any(staging.iterdir()):
                _flush(staging)
                staging.rename(folder / COMMIT)
                _flush(folder)
                _finish(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _finish(folder: Path) -> None:
    commit = folder / COMMIT
    if not commit.exists():
        return
    for path in sorted(commit.iterdir()):
        path.replace(folder / path.name)
    _flush(folder)
    commit.rmdir()


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
