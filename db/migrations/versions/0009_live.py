"""Real venues: what was sent to them, and what they said."""

from db.script import run_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create them, each org's closed to the others."""
    run_beside(__file__)
