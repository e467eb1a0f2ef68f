"""Schema revisions are plain SQL: one readable file per revision, applied inside Alembic's transaction."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

PIN_FUNCTIONS = """
DO $$
DECLARE made regprocedure;
BEGIN
    FOR made IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path TO {schema}, pg_temp', made);
    END LOOP;
END $$
"""


def run_beside(revision: str) -> None:
    """Execute the ``.sql`` file that lies beside a revision's own file, given as its ``__file__``."""
    _execute(Path(revision).with_suffix(".sql").read_text())


def run_in_schema(schema: str, script: Path) -> None:
    """Execute someone else's script so that all it makes lands, and later finds itself, in ``schema``."""
    _execute(f"SET LOCAL search_path TO {schema}")
    _execute(script.read_text())
    _execute(PIN_FUNCTIONS.format(schema=schema))
    _execute("SET LOCAL search_path TO DEFAULT")


def _execute(script: str) -> None:
    # SQLAlchemy prepares statements one by one; the driver itself takes a script, in the transaction already open.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))
