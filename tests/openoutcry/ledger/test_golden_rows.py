"""The rows and messages that records mean, word for word: one record of each kind. `make golden` writes the file anew."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openoutcry.episodes import Booking
from openoutcry.ledger.announce import KnownOrder, announce
from openoutcry.ledger.fold import Folded
from openoutcry.ledger.projection import project
from openoutcry.ledger.traded import adopted_approval_rows, approval_rows, order_id, unapproved
from openoutcry.orders import order_hash
from openoutcry.portfolio import apply_all
from openoutcry.types.market import DataFault
from openoutcry.types.orders import Approved, OrderState, PlannedOrder, Refused, WorkingOrder
from openoutcry.types.record import CycleRecord
from tests.factories import SPOT, START, Session, facts_of
from tests.openoutcry.ledger.rows import plainly

GOLDEN = Path(__file__).parent / "golden" / "rows.json"
FACTS = facts_of(7)
RECORDS = Session(seed=7).run(60)
MANUAL = tuple(f"manual-{number}" for number in range(1, 6))


def odd(record: CycleRecord) -> CycleRecord:
    """The record with what seldom happens: orders adopted, cancelled, expired, in error, refused without a word, unsent."""
    session = Session(seed=3)
    made = {
        leg: session._request(leg, "BUY", Decimal("0.01"))
        for leg in ("manual-1", "manual-2", "manual-3", "manual-4", "manual-5")
    }
    refused = Refused(rule="cash", value="9\x00", limit="1")
    approved = {leg: Approved(order_hash=order_hash(one)) for leg, one in made.items()}

    def state(leg: str, status: Any, seq: int = record.seq, **more: Any) -> OrderState:
        return OrderState(
            order_seq=seq, leg=leg, status=status, placed_at=START, updated_at=record.as_of, **more
        )

    planned = (
        PlannedOrder(request=made["manual-1"], verdict=refused),
        PlannedOrder(request=made["manual-2"], verdict=approved["manual-2"]),
        PlannedOrder(request=made["manual-3"], verdict=approved["manual-3"], state=state("manual-3", "SENT")),
        PlannedOrder(
            request=made["manual-4"], verdict=approved["manual-4"],
            state=state("manual-4", "REJECTED", error="no\x00", venue_order_id="V\x00"),
        ),
    )  # fmt: skip
    taken_in = WorkingOrder(
        request=made["manual-5"].model_copy(update={"oco_group": "g\x00", "reason": "by\x00 itself"}),
        state=state(
            "manual-5",
            "NEW",
            2,
            venue_order_id="V-9",
            executed_quantity=Decimal("0.004"),
            executed_quote=Decimal(80),
        ),
    )
    updates = (
        state("manual-3", "EXPIRED", venue_order_id="V-3"),
        state("manual-5", "PARTIALLY_FILLED", 2, venue_order_id="V-9", executed_quantity=Decimal("0.006")),
        state("entry", "NEW", 1, venue_order_id="V-1"),
        state(
            "entry",
            "FILLED",
            1,
            venue_order_id="V-1",
            executed_quantity=Decimal("0.05"),
            executed_quote=Decimal(1000),
        ),
        state("stop_loss", "CANCELED", 1, error="late\x00"),
        state("exit", "REJECTED", 1),
    )
    faults = (DataFault(symbol=SPOT, kind="stale", detail="an hour\x00 old"),)
    assert record.snapshot is not None
    return record.model_copy(
        update={
            "orders": planned, "order_updates": updates, "detail": {"adopted": [taken_in.model_dump(mode="json")]},
            "snapshot": record.snapshot.model_copy(update={"faults": faults, "hedge": None}), "context_embedding": (),
        }
    )  # fmt: skip


def chosen() -> dict[str, CycleRecord]:
    """One record of each kind, and the rounds in which something was traded, hedged, closed, faulty, paid and learned."""
    rounds = [record for record in RECORDS if record.kind == "ROUND"]
    found: dict[str, CycleRecord] = {record.kind: record for record in RECORDS if record.kind != "ROUND"}
    found["entry"] = next(r for r in rounds if any(p.request.leg == "hedge" for p in r.orders))
    found["refused"] = next(r for r in rounds if any(isinstance(p.verdict, Refused) for p in r.orders))
    found["closed"] = next(r for r in rounds if r.closed and r.outcomes)
    found["funding"] = next(r for r in rounds if any(f.kind == "FUNDING" for f in r.fills))
    found["faulty"] = next(r for r in rounds if r.snapshot is not None and r.snapshot.faults)
    found["odd"] = odd(found["entry"])
    return found


def told(record: CycleRecord) -> dict[str, Any]:
    """Everything that a record means."""
    rows = project(record, FACTS)
    known = {change.id: KnownOrder(SPOT, "BUY", "MARKET", Decimal("0.050")) for change in rows.order_changes}
    legs = ("entry", "hedge", "manual-2")
    hashes = {row.id: f"hash of {row.leg}" for row in adopted_approval_rows(record, FACTS, {})}
    return plainly(
        {
            "rows": rows,
            "messages": announce(record, FACTS, rows, known),
            "approvals": approval_rows(record, FACTS, legs),
            "adopted": adopted_approval_rows(record, FACTS, hashes),
            "without an approval": unapproved(record, FACTS, ("entry",)),
        }
    )


def test_the_rows_and_messages_are_the_golden_ones() -> None:
    found = {name: told(record) for name, record in chosen().items()}
    for one in found.values():
        decision = one["rows"]["decision"]
        if decision is not None:
            decision["context_embedding"] = decision["context_embedding"][:4]
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("GOLDEN") == "rewrite":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
    assert json.loads(text) == json.loads(GOLDEN.read_text())


def test_an_approval_that_nobody_hashed_has_no_hash() -> None:
    rows = adopted_approval_rows(chosen()["odd"], FACTS, {})
    assert [(row.leg, row.seq, row.order_hash) for row in rows] == [("manual-5", 2, "")]


def test_an_order_of_an_older_round_is_another_order() -> None:
    assert len({order_id(FACTS, seq, leg) for seq in (1, 2) for leg in ("entry", "exit")}) == 4
    assert order_id(facts_of(8), 1, "entry") != order_id(FACTS, 1, "entry")


def test_rows_that_several_records_touch_are_folded_as_the_database_folds_them() -> None:
    folded = Folded({}, {}, {})
    for record in RECORDS:
        folded.add(project(record, FACTS))
    assert {order.status for order in folded.orders.values()} >= {"FILLED", "CANCELED", "REJECTED"}
    for record in RECORDS:
        for update in record.order_updates:
            row = folded.orders[order_id(FACTS, update.order_seq, update.leg)]
            last = [
                u
                for r in RECORDS
                for u in r.order_updates
                if (u.order_seq, u.leg) == (update.order_seq, update.leg)
            ][-1]
            assert (row.status, row.venue_order_id, row.executed_quantity) == (
                last.status,
                last.venue_order_id,
                last.executed_quantity,
            )
            assert row.created_at < row.updated_at and row.symbol == SPOT
    assert sum(len(record.outcomes) for record in RECORDS) == len(folded.outcomes)
    opened = {
        position.id: position for record in RECORDS for position in reversed(project(record, FACTS).positions)
    }
    assert folded.positions.keys() == opened.keys()
    first = {}
    for record in RECORDS:
        for position in project(record, FACTS).positions:
            first.setdefault(position.id, position.created_at)
    assert {key: row.created_at for key, row in folded.positions.items()} == first


def test_a_change_of_an_order_nobody_knows_is_left_alone_and_unrealized_profit_is_kept_while_there_is_no_price() -> (
    None
):
    folded = Folded({}, {}, {})
    changing = next(rows for rows in (project(r, FACTS) for r in RECORDS) if rows.order_changes)
    folded.add(changing._replace(orders=()))
    assert folded.orders == {}
    position = next(p for r in RECORDS for p in project(r, FACTS).positions)
    valued, blind = position._replace(unrealized_pnl=Decimal(5)), position._replace(unrealized_pnl=None)
    nothing = changing._replace(orders=(), order_changes=(), outcomes=())
    folded = Folded({}, {}, {})
    folded.add(nothing._replace(positions=(blind,)))
    assert folded.positions[position.id].unrealized_pnl == 0
    folded.add(nothing._replace(positions=(valued,)))
    folded.add(nothing._replace(positions=(blind,)))
    assert folded.positions[position.id].unrealized_pnl == 5


def test_the_books_of_a_record_are_those_of_its_fills() -> None:
    """What the golden rows show of money is what the fills make of it."""
    for record in RECORDS:
        bookings = [(fill, Booking(record.seq, reason=fill.leg or "")) for fill in record.fills]
        after, closed = apply_all(record.portfolio_before, bookings)
        assert (after.cash, len(closed)) == (record.portfolio_after.cash, len(record.closed))


def test_a_change_that_leaves_something_out_leaves_it_as_it_was() -> None:
    rows = next(
        one
        for one in (project(r, FACTS) for r in RECORDS)
        if any(o.venue_order_id and o.placed_at for o in one.orders)
    )
    order = next(o for o in rows.orders if o.venue_order_id and o.placed_at)
    changing = next(one for one in (project(r, FACTS) for r in RECORDS) if one.order_changes)
    change = changing.order_changes[0]._replace(
        id=order.id, status="EXPIRED", venue_order_id=None, placed_at=None
    )
    folded = Folded({order.id: order}, {}, {})
    folded.add(changing._replace(orders=(), positions=(), outcomes=(), order_changes=(change,)))
    found = folded.orders[order.id]
    assert (found.status, found.venue_order_id, found.placed_at) == (
        "EXPIRED",
        order.venue_order_id,
        order.placed_at,
    )


def test_a_change_brings_what_was_not_known_and_takes_back_that_it_was_not() -> None:
    changing = next(one for one in (project(r, FACTS) for r in RECORDS) if one.order_changes)
    order = next(o for one in (project(r, FACTS) for r in RECORDS) for o in one.orders)
    unknown = order._replace(status="UNKNOWN", venue_order_id=None, placed_at=None, error_message="no answer")
    change = changing.order_changes[0]._replace(
        id=order.id, status="NEW", venue_order_id="77", placed_at=order.created_at, error_message=None
    )
    folded = Folded({order.id: unknown}, {}, {})
    folded.add(changing._replace(orders=(), positions=(), outcomes=(), order_changes=(change,)))
    found = folded.orders[order.id]
    assert (found.status, found.venue_order_id, found.placed_at, found.error_message) == (
        "NEW",
        "77",
        order.created_at,
        None,
    )


@pytest.mark.parametrize("column", ["venue_order_id", "placed_at", "filled_at", "canceled_at", "expired_at"])
def test_no_later_word_takes_back_when_something_happened(column: str) -> None:
    changing = next(one for one in (project(r, FACTS) for r in RECORDS) if one.order_changes)
    order = next(o for one in (project(r, FACTS) for r in RECORDS) for o in one.orders)
    known = order.created_at if column.endswith("_at") else "77"
    change = changing.order_changes[0]._replace(id=order.id, **{column: None})  # type: ignore[arg-type]
    folded = Folded({order.id: order._replace(**{column: known})}, {}, {})  # type: ignore[arg-type]
    folded.add(changing._replace(orders=(), positions=(), outcomes=(), order_changes=(change,)))
    assert getattr(folded.orders[order.id], column) == known
