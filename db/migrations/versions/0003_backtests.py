"""Backtests and other jobs, and the queue that workers take them from."""

from db.script import run_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create jobs, results and the queue."""
    run_beside(__file__)
