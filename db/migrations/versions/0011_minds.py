"""What language models cost: budgets, calls, and what was spent."""

from db.script import run_beside

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Keep the money of minds where a restart does not forget it."""
    run_beside(__file__)
