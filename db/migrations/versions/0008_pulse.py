"""Budgets of risk, ensembles of agents, exchange credentials, and what nothing else keeps for an audit."""

from db.script import run_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create them, each org's closed to the others."""
    run_beside(__file__)
