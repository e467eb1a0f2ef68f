"""Become an ordinary user, tie this process to its parent's life, then become the program in the arguments.

Run as a script in an interpreter of its own (``python -I -S launch.py UID GID PARENT PROGRAM ARGS...``)
instead of in a ``preexec_fn``: the parent has threads, and Python code between its fork and exec could wait
for ever on a lock that another thread held. UID -1 keeps the user.

Postgres refuses to run as root. Under root the programs and the data may lie below a folder only root may
enter (``/root`` is 0700), and opening that folder to others is not ours to do. So one capability is kept
across the change of user: CAP_DAC_READ_SEARCH (read files and pass through folders), or CAP_DAC_OVERRIDE
where a container's bounding set lacks the former. Its cost: the server can read what root can, as the process
that started it could anyway.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAPBSET_READ = 23
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522
SECBIT_NO_SETUID_FIXUP = 4
EXIT_ORPHAN = 70


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(argv: list[str]) -> None:
    uid, gid, parent = (int(value) for value in argv[:3])
    program = argv[3:]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if uid >= 0:
        _become(libc, uid, gid)
    if libc is not None:
        _die_with(libc, parent)
    os.execv(program[0], program)


def _become(libc: ctypes.CDLL | None, uid: int, gid: int) -> None:
    """Change the user for good, keeping one capability to read and traverse where the kernel allows it."""
    kept = _readable_everywhere(libc) if libc is not None else None
    try:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except PermissionError as refused:
        sys.exit(f"Postgres refuses root, which may not become user {uid} here: use another user ({refused})")
    if libc is None:
        return
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if kept is not None:
        _keep(libc, kept)


def _readable_everywhere(libc: ctypes.CDLL) -> int | None:
    """The capability to keep, when this process may keep one."""
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if (
            libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1
            and libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
        ):
            # Without this, access(2) ignores the capabilities of every user but root, and Postgres asks
            # access(2) whether its own programs can be read.
            libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
            return capability
    return None


def _keep(libc: ctypes.CDLL, capability: int) -> None:
    """Reduce all sets to one capability and make it ambient, so that it outlives exec."""
    bit = 1 << capability
    header = _Header(CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _die_with(libc: ctypes.CDLL, parent: int) -> None:
    """Ask for SIGINT (Postgres: fast shutdown) when the parent's thread ends.

    The kernel forgets this on a change of user, so it comes last; a parent that died before it shows by the
    parent being another one now.
    """
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(EXIT_ORPHAN)


if __name__ == "__main__":
    main(sys.argv[1:])
