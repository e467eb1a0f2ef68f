"""Backtests and other jobs, and the queue that workers take them from."""

from pathlib import Path

from db.script import run_beside, run_in_schema

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create jobs and what they leave, then procrastinate's queue as its release 3.10 ships it."""
    run_beside(__file__)
    run_in_schema("queue", Path(__file__).with_name("0003_queue.sql"))
