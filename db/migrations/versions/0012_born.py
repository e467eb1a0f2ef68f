"""Which transaction made or ended a row, so that all pages of a list show what its first page saw."""

from db.script import run_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Mark the rows that are listed by page."""
    run_beside(__file__)
