"""Prompts as vectors in more than one space."""

from db.script import run_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Spaces, which of them answers, and their vectors, which the floor alone writes."""
    run_beside(__file__)
