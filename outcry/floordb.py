"""Where the database of a running floor is."""

import os
from pathlib import Path

from db.embedded import running_url


def running_database(home: Path) -> str | None:
    """URL of your own database, else of the home's embedded one while it runs."""
    return os.environ.get("OUTCRY_DATABASE_URL") or running_url(home)
