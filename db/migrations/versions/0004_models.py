"""Trained models, and the history of market regimes."""

from db.script import run_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create models and regimes."""
    run_beside(__file__)
