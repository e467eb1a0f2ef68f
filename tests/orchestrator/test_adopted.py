"""I7: a stop that the execution server placed by itself is the round's own from then on, and again in a replay."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from openoutcry.portfolio import opening
from openoutcry.risk.instruments import instrument_at
from openoutcry.risk.protection import protect
from openoutcry.settings import Settings
from openoutcry.types.orders import Fill, OrderRequest, OrderState
from openoutcry.types.record import CycleRecord
from orchestrator.books import Books
from orchestrator.broker import McpBroker
from orchestrator.desk import working_after
from orchestrator.replay import RecordedBroker

AT = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL = "BTC/USDT"
STOP = OrderRequest(
    leg="stop_loss-1", symbol=SYMBOL, side="SELL", type="STOP_LOSS", quantity=Decimal(1), stop_price=Decimal(95),
    reduce_only=True, oco_group="bracket-1-1",
)  # fmt: skip
NEW = OrderState(order_seq=1, leg="stop_loss-1", status="NEW")
BOUGHT = Fill(
    trade_id="1", order_seq=1, leg="entry", symbol=SYMBOL, side="BUY", price=Decimal(100), quantity=Decimal(1),
    executed_at=AT,
)  # fmt: skip


class Server:
    """Answers as the execution server does that protected between two rounds."""

    async def call(self, tool: str, arguments: dict[str, Any], **how: Any) -> dict[str, Any]:
        there = {"request": STOP.model_dump(mode="json"), "state": NEW.model_dump(mode="json")}
        return {
            "fills": [BOUGHT.model_dump(mode="json")], "orders": [there["state"]], "adopted": [there], "sent": [],
            "cursor": 4,
        }  # fmt: skip


async def test_i7_an_adopted_stop_protects_is_carried_on_and_replays() -> None:
    start = opening("USDT", Decimal(1000))
    books = Books(2, start, {})
    books.book("sync", await McpBroker(Server(), seq=2, cursor=0, round_token="").sync())
    [position] = books.portfolio.positions
    rules = instrument_at(SYMBOL, Settings().venue, Decimal(100))
    legs = protect(position, books.working(), seq=2, risk=Settings().risk, instrument=rules)
    assert [leg.leg for leg in legs] == ["take_profit"]

    record = CycleRecord(
        kind="ROUND", seq=2, as_of=AT, source="live", config_digest="0", fills=tuple(books.fills),
        order_updates=books.updates(), news=tuple(books.news), portfolio_before=start,
        portfolio_after=books.portfolio, equity=Decimal(1000), prev_hash="0",
        detail={"cursor": 4, "adopted": [one.model_dump(mode="json") for one in books.adopted]},
    )  # fmt: skip
    assert working_after(record) == {(1, "stop_loss-1"): books.adopted[0]}
    again = Books(2, start, {})
    again.book("sync", await RecordedBroker(record).sync())
    assert again == books
