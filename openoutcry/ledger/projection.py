"""The rows a record means. The writer stores them, the verifier computes them again: one idea of a row."""

from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.rows import Projection
from openoutcry.ledger.traded import equity_row, fill_rows, order_change_rows, order_rows, position_rows
from openoutcry.ledger.voiced import decision_row, outcome_rows, vote_rows
from openoutcry.types.record import CycleRecord


def project(record: CycleRecord, facts: SessionFacts) -> Projection:
    """Exactly the rows that ``record`` inserts or updates. Depends on nothing else."""
    return Projection(
        decision=decision_row(record, facts),
        votes=vote_rows(record, facts),
        orders=order_rows(record, facts),
        order_changes=order_change_rows(record, facts),
        fills=fill_rows(record, facts),
        positions=position_rows(record, facts),
        equity=equity_row(record, facts),
        outcomes=outcome_rows(record, facts),
    )
