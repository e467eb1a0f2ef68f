"""What lies where under the home folder."""

import os
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Layout:
    """Paths below one home folder; made absolute once, since Postgres records them."""

    home: Path

    @staticmethod
    def of(home: Path) -> "Layout":
        return Layout(home.expanduser().resolve())

    @property
    def root(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    @property
    def run_info(self) -> Path:
        return self.home / "run" / "postgres.json"

    @property
    def lock(self) -> Path:
        return self.home / "run" / "postgres.lock"

    def make(self) -> None:
        """Create the folders that are missing; those that exist keep their permissions."""
        self.home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for folder in (self.root, self.log.parent, self.run_info.parent):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, for its owner's eyes only: a reader sees the old text or the new, no half."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
