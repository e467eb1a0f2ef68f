"""Schema revisions are plain SQL: one readable file per revision, applied inside Alembic's transaction."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only


def run_beside(revision: str) -> None:
    """Execute the ``.sql`` file that lies beside a revision's own file, given as its ``__file__``."""
    script = Path(revision).with_suffix(".sql").read_text()
    # SQLAlchemy prepares statements one by one; the driver itself takes a script, in the transaction already open.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))
