"""Secrets out of the environment: of this program's, and of the block in which the kernel shows it to other processes.

Whoever holds secrets leaves no core file either, nor does any process that it starts.
"""

import ctypes
import os
import resource
from collections.abc import Iterable, MutableMapping


def withdraw(env: MutableMapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of the variables that are set, removed: no process started later inherits them, and none can read them here.

    Unsetting a variable leaves its bytes in ``/proc/PID/environ``, so they are overwritten first.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found: dict[str, str] = {}
    for name in names:
        if name not in env:
            continue
        if env is os.environ:
            _overwrite(name)
        if value := env.pop(name):
            found[name] = value
    return found


def _overwrite(name: str) -> None:
    """Fill the variable's value with zeros where the C library keeps it. Python's own copy of it is not touched."""
    getenv = ctypes.CDLL(None).getenv
    getenv.argtypes, getenv.restype = [ctypes.c_char_p], ctypes.c_void_p
    address = getenv(os.fsencode(name))
    if address:
        ctypes.memset(address, 0, len(ctypes.string_at(address)))
