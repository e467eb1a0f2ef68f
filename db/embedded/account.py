"""As whom the server runs: Postgres refuses root, so under root it is another user."""

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
NOBODY = 65534
KEEP = -1


@dataclass(frozen=True)
class Account:
    """The user and group that own the cluster's files and run its programs. -1: whoever runs this process."""

    uid: int
    gid: int

    def command(self, program: Path, *arguments: str) -> list[str]:
        """The command line that runs ``program`` as this user, ended when the calling thread ends."""
        identity = (str(self.uid), str(self.gid), str(os.getpid()))
        return [sys.executable, "-I", "-S", str(LAUNCHER), *identity, str(program), *arguments]

    def own(self, path: Path) -> None:
        """Hand one file or folder of ours to the account."""
        if self.uid != KEEP:
            os.chown(path, self.uid, self.gid)

    def take_back(self, path: Path) -> None:
        """Undo ``own``."""
        if self.uid != KEEP:
            os.chown(path, os.geteuid(), os.getegid())


def account_for(data: Path) -> Account:
    """Ourselves, or under root the owner of the cluster (``nobody`` for a new one)."""
    if os.geteuid() != 0:
        return Account(KEEP, KEEP)
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY, NOBODY)
    return Account(entry.pw_uid, entry.pw_gid)
