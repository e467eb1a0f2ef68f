"""Strategies, their versions and where they stand."""

from db.script import run_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the registry of strategies."""
    run_beside(__file__)
