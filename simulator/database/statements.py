"""What each of the product's statements does, on plain tables. Found by the statement's own text.

A statement that is not here is an error, not a guess; ``tests/simulator/test_database.py`` runs the same calls of the
product against this and against Postgres and compares what both have in the end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.database import floor_statements, lease_statements, ledger_statements, order_statements
from simulator.database.tables import Row, Transaction

Statement = Callable[[Transaction, Sequence[Any]], tuple[list[Row], str]]
STATEMENTS: Mapping[str, Statement] = {
    **order_statements.STATEMENTS,
    **ledger_statements.STATEMENTS,
    **floor_statements.STATEMENTS,
    **lease_statements.STATEMENTS,
}
