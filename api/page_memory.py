"""What first pages saw, by who asked for which list: clients that only send ``skip`` and ``limit`` cannot hand it back.

A file of fixed size that all API processes of a home map into memory: every first page writes here, and a query each
would cost more than the list it is about. Nothing is lost with it but the steadiness of walks under way.
"""

import mmap
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from fcntl import LOCK_EX, LOCK_UN, lockf
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

FILE = "pages.memory"
KEEP = timedelta(minutes=10)
"""How long a walk over a list may take."""
SLOT, WAYS, SETS = 4096, 4, 1024
HEAD = struct.Struct("<16sdH")
MOST = SLOT - HEAD.size


class PageMemory:
    """Places by key. A key has four slots it may lie in; the oldest there makes room for the newest."""

    def __init__(self, home: Path | None) -> None:
        if home is None:
            self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as we are
        else:
            home.mkdir(parents=True, exist_ok=True)
            self._file = (home / FILE).open("a+b")
        self._file.truncate(SLOT * WAYS * SETS)
        self._memory = mmap.mmap(self._file.fileno(), SLOT * WAYS * SETS)

    def remember(self, key: bytes, place: str, now: datetime) -> None:
        """Put ``place`` where ``recall`` finds it. One too long to be kept leaves none."""
        name, body = _name(key), place.encode()
        with self._set(name) as slots:
            held = {slot: HEAD.unpack_from(self._memory, slot) for slot in slots}
            slot = next((s for s, (other, _, _) in held.items() if other == name), None)
            if slot is None:
                slot = min(held, key=lambda s: held[s][1])
            body = body if len(body) <= MOST else b""
            HEAD.pack_into(self._memory, slot, name, now.timestamp(), len(body))
            self._memory[slot + HEAD.size : slot + HEAD.size + len(body)] = body

    def recall(self, key: bytes, now: datetime) -> str | None:
        """What was last remembered under ``key``, None when that is longer ago than a walk takes."""
        name = _name(key)
        with self._set(name) as slots:
            for slot in slots:
                other, at, length = HEAD.unpack_from(self._memory, slot)
                if other == name and length and abs(now.timestamp() - at) <= KEEP.total_seconds():
                    return self._memory[slot + HEAD.size : slot + HEAD.size + length].decode()
        return None

    @contextmanager
    def _set(self, name: bytes) -> Iterator[range]:
        """The slots of a name, ours alone among the processes."""
        start = int.from_bytes(name[:4]) % SETS * WAYS * SLOT
        lockf(self._file, LOCK_EX, WAYS * SLOT, start)
        try:
            yield range(start, start + WAYS * SLOT, SLOT)
        finally:
            lockf(self._file, LOCK_UN, WAYS * SLOT, start)


def _name(key: bytes) -> bytes:
    return blake2b(key, digest_size=16).digest()
