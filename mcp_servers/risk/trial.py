"""What the gate would look at if an order came now."""

from mcp_servers.risk.view import View
from openoutcry.risk.case import GateInput
from openoutcry.risk.instruments import instrument_at
from openoutcry.types.orders import WorkingOrder


def gate_input(seen: View, working: tuple[WorkingOrder, ...]) -> GateInput:
    """The session's book as the gate sees it, as for an order that a person asks for."""
    book = seen.book
    return GateInput(
        portfolio=book.portfolio,
        prices=seen.prices,
        instruments={s: instrument_at(s, book.settings.venue, seen.prices.get(s)) for s in book.symbols},
        working=working,
        faults=book.faults,
        mode=book.mode,
        halted=book.halted,
        paused=book.paused,
        approved_by_model=True,
    )
