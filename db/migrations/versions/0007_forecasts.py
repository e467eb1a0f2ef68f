"""Forecasts that are shared by every API process, and a way to a symbol's newest decision."""

from db.script import run_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the forecasts; index decisions by symbol."""
    run_beside(__file__)
