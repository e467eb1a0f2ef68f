"""``GET /api/v1/execution/reconciliations``: what comparing the exchange account with our books found."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from api.access import caller_of
from api.floor import TheFloor
from api.requests import AnyRequest
from api.shapes.reconciliations import ReconciliationList, reconciliations_of
from db.venue_books import latest

Newest = Annotated[
    int, QueryParameter(ge=1, le=200, description="So many of the newest (default 20).", required=False)
]
Differing = Annotated[bool, QueryParameter(description="Only those that found a difference.", required=False)]


@get("/api/v1/execution/reconciliations", tags=["execution"])
async def list_reconciliations(
    request: AnyRequest, floor: TheFloor, limit: Newest = 20, differing: Differing = False
) -> ReconciliationList:
    """The newest comparisons of the exchange account with our books, newest first: what differed, what was done, what halts.

    Empty on paper, where the books are the account.
    """
    rows = await latest(floor.pool, caller_of(request).org_id, limit, differing=differing)
    return reconciliations_of(rows)


HANDLERS = [list_reconciliations]
