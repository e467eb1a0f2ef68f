"""Backtests that were put away."""

from db.script import run_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Say of a job when it was archived."""
    run_beside(__file__)
