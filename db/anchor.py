"""A session's newest head outside the database, so that a ledger cut off at its end is found out."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

LINE = re.compile(r"(\d{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Number, hash and seal of the newest record known to have been committed."""

    seq: int
    hash: str
    seal: str


def path_of(home: Path, session_id: UUID) -> Path:
    """The anchor file of a session."""
    return home / "ledger" / f"{session_id}.head"


def write_anchor(home: Path, session_id: UUID, anchor: Anchor) -> None:
    """Put the anchor over the one before it.

    One write of always the same length: a killed process leaves the old line or the new one. Replacing the
    file instead would cost a flush to disk, a tenth of a whole append.
    """
    path = path_of(home, session_id)
    line = f"{anchor.seq:020d} {anchor.hash} {anchor.seal}\n".encode()
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def read_anchor(home: Path, session_id: UUID) -> Anchor | None:
    """The anchor, None when there is none or it cannot be read."""
    try:
        match = LINE.fullmatch(path_of(home, session_id).read_text())
    except (OSError, UnicodeDecodeError):
        return None
    return None if match is None else Anchor(int(match[1]), match[2], match[3])
