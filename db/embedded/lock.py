"""One owner per home folder: a lock the kernel gives back when its holder dies."""

import fcntl
import os
from pathlib import Path

from db.embedded.errors import EmbeddedPostgresError
from db.embedded.layout import PRIVATE_FILE


def take(path: Path) -> int:
    """The lock's open descriptor; closing it releases the lock. EmbeddedPostgresError when it is held."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise EmbeddedPostgresError(
            f"another process (pid {holder}) already runs the database in {path.parent.parent}: "
            "stop it first, or use another home"
        ) from held
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
