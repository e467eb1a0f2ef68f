"""People and programs, what proves who they are, and the second wall between orgs."""

from db.script import run_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create users, clients, refresh tokens and tickets; close every org's rows to the others."""
    run_beside(__file__)
