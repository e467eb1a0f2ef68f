"""I6: a refusal whose answer was lost is heard of by the next round, and by its replay."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.outcomes import judging
from openoutcry.orders import client_order_id
from openoutcry.portfolio import opening
from openoutcry.settings import Settings
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder
from orchestrator.broker import McpBroker
from orchestrator.desk import Desk
from tests.factories import facts_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
FACTS: SessionFacts = facts_of(7)
NAME = client_order_id(FACTS.session_id, 1, "entry")
ENTRY = OrderRequest(leg="entry", symbol="BTC/USDT", side="BUY", type="MARKET", quantity=Decimal(1))


def desk_of(status: str) -> Desk:
    state = OrderState(order_seq=1, leg="entry", status=status)  # type: ignore[arg-type]
    start = opening("USDT", Decimal(1000))
    desk = Desk(facts=FACTS, judging=judging(Settings()), seq=2, head="0", portfolio=start)
    desk.working = {(1, "entry"): WorkingOrder(request=ENTRY, state=state)}
    return desk


class Server:
    """Has no news of the venue, and the order's row."""

    def __init__(self, status: str, news: tuple[OrderState, ...] = ()) -> None:
        self.row = {"status": status, "updated_at": AT.isoformat(), "error_message": "INSUFFICIENT_BALANCE"}
        self.news = [state.model_dump(mode="json") for state in news]
        self.asked: list[str] = []

    async def list_tools(self) -> list[dict[str, Any]]:
        return []

    async def call(self, tool: str, arguments: Any, **how: Any) -> dict[str, Any]:
        if tool == "get_order_status":
            self.asked.append(arguments["order_id"])
            return {"order": self.row}
        return {"fills": [], "orders": self.news, "adopted": [], "sent": [], "cursor": 4}


async def synced(desk: Desk, server: Server) -> tuple[OrderState, ...]:
    broker = McpBroker(server, seq=2, cursor=0, round_token="", doubted=desk.doubted())
    return (await broker.sync()).orders


async def test_i6_a_refusal_whose_answer_was_lost_is_heard_of_in_the_next_round() -> None:
    desk, server = desk_of("UNKNOWN"), Server("REJECTED")
    [state] = await synced(desk, server)
    assert (state.order_seq, state.leg, state.status, state.updated_at) == (1, "entry", "REJECTED", AT)
    assert state.error == "INSUFFICIENT_BALANCE" and server.asked == [NAME]
    books = desk.books()
    books.book(
        "sync", await McpBroker(server, seq=2, cursor=0, round_token="", doubted=desk.doubted()).sync()
    )
    assert books.working() == () and [news.orders for news in books.news] == [(state,)]


@pytest.mark.parametrize("status", ["SENT", "UNKNOWN", "NEW", "FILLED"])
async def test_only_a_refusal_is_taken_from_a_row(status: str) -> None:
    assert await synced(desk_of("UNKNOWN"), Server(status)) == ()


@pytest.mark.parametrize("status", ["NEW", "PARTIALLY_FILLED"])
async def test_an_order_that_the_venue_has_is_not_asked_about(status: str) -> None:
    server = Server("REJECTED")
    assert await synced(desk_of(status), server) == () and server.asked == []


async def test_what_the_venue_itself_tells_is_not_asked_for() -> None:
    told = OrderState(order_seq=1, leg="entry", status="FILLED", executed_quantity=Decimal(1))
    server = Server("REJECTED", (told,))
    assert await synced(desk_of("UNKNOWN"), server) == (told,) and server.asked == []
