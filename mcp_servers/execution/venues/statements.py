"""What a venue can say of its past, whichever venue it is: statements between two numbers of its events."""

from mcp_servers.execution.venues.history import History, cancelling, placing
from mcp_servers.execution.venues.protocol import Statement
from openoutcry.types.market import Instrument
from openoutcry.types.orders import OrderRequest, OrderState


class Statements:
    """The part of the port that follows from a history of events alone."""

    _history: History

    def before(self, seq: int, after: int) -> Statement:
        """What happened before round ``seq`` first asked for anything."""
        return self._history.between(after, self._history.before(seq, after))

    def upto_placing(self, seq: int, leg: str, after: int) -> Statement:
        """What happened up to and with an order's placing."""
        return self._upto(placing(seq, leg), seq, after)

    def upto_cancelling(self, by_seq: int, client_order_id: str, after: int) -> Statement:
        """What happened up to and with a cancel."""
        return self._upto(cancelling(by_seq, client_order_id), by_seq, after)

    def orders(self) -> tuple[tuple[OrderRequest, OrderState], ...]:
        """Every order, oldest first."""
        return tuple((order.request, order.state) for order in self._history.orders.values())

    async def instruments(self) -> tuple[Instrument, ...]:
        """A venue of our own goes by the settings."""
        return ()

    def _upto(self, cause: str, seq: int, after: int) -> Statement:
        end = self._history.end_of(cause)
        return self._history.between(after, self._history.before(seq, after) if end is None else end)
