"""The tables that verification reads, by their columns."""

from db.statements import columns
from openoutcry.ledger import rows
from openoutcry.ledger.audit import Table

DECISIONS = Table("decisions", columns(rows.DecisionRow))
OUTCOMES = Table("decisions", columns(rows.OutcomeRow), natural=("id",))
VOTES = Table("votes", columns(rows.VoteRow), natural=("seq", "agent_name"))
APPROVALS = Table("approvals", columns(rows.ApprovalRow), natural=("seq", "leg"))
ORDERS = Table("orders", columns(rows.OrderRow), natural=("seq", "leg"))
FILLS = Table("fills", columns(rows.FillRow), natural=("trade_id",))
POSITIONS = Table("positions", columns(rows.PositionRow), natural=("ordinal",))
EQUITY = Table("equity", columns(rows.EquityRow), id=("session_id", "seq"))


def between(table: Table) -> str:
    """Rows of session ``$1`` with numbers from ``$2`` to ``$3``."""
    return (
        f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE session_id = $1 AND seq BETWEEN $2 AND $3"
    )


def all_of(table: Table) -> str:
    """Rows of session ``$1``."""
    return f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE session_id = $1"


def by_id(table: Table) -> str:
    """Rows with the ids ``$1``, of whatever session."""
    return f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE id = ANY($1)"
