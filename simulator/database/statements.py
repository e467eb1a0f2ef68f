"""What each of the product's statements does, on plain tables. Found by the statement's own text.

A statement that is not here breaks the run that asks for it: it is never guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.database import (
    floor_statements,
    lease_statements,
    ledger_statements,
    order_statements,
    venue_statements,
)
from simulator.database.tables import Row, Transaction

Statement = Callable[[Transaction, Sequence[Any]], tuple[list[Row], str]]
STATEMENTS: Mapping[str, Statement] = {
    **order_statements.STATEMENTS,
    **ledger_statements.STATEMENTS,
    **floor_statements.STATEMENTS,
    **lease_statements.STATEMENTS,
    **venue_statements.STATEMENTS,
}
