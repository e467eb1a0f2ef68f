"""The floor's storage."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the first schema."""
    script = Path(__file__).with_suffix(".sql").read_text()
    # SQLAlchemy prepares statements one by one; the driver itself takes a script, in the transaction already open.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))
