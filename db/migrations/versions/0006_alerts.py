"""What is watched, and what was said when it went wrong."""

from db.script import run_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create alert rules and alerts, each org's closed to the others."""
    run_beside(__file__)
