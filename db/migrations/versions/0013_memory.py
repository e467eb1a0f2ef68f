"""What is remembered of decisions: reflections."""

from db.script import run_beside

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Give memory its own tables, which the floor alone writes."""
    run_beside(__file__)
