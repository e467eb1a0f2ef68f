"""The floor's storage."""

from db.script import run_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the first schema."""
    run_beside(__file__)
