"""The rows of what was traded: orders and their changes, fills, positions, equity."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from openoutcry.canonical import derived_id
from openoutcry.episodes import cost_of
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.rows import ApprovalRow, EquityRow, FillRow, OrderChangeRow, OrderRow, PositionRow
from openoutcry.ledger.situation import clean
from openoutcry.orders import client_order_id
from openoutcry.portfolio import lost
from openoutcry.types.amounts import cents
from openoutcry.types.book import Position
from openoutcry.types.orders import Approved, OrderState, PlannedOrder, Refused, WorkingOrder
from openoutcry.types.record import CycleRecord

NEVER_SENT = "approved, but never sent"
ENDS: Mapping[str, str] = {"FILLED": "filled_at", "CANCELED": "canceled_at", "EXPIRED": "expired_at"}


def order_id(facts: SessionFacts, seq: int, leg: str) -> UUID:
    """The id of an order."""
    return derived_id(facts.session_id, "order", seq, leg)


def adopted(record: CycleRecord) -> tuple[WorkingOrder, ...]:
    """The orders a record first heard of that the execution server had placed by itself, in whichever round's name."""
    return tuple(WorkingOrder.model_validate(order) for order in record.detail.get("adopted", ()))


def order_rows(record: CycleRecord, facts: SessionFacts) -> tuple[OrderRow, ...]:
    """Every order this record planned, refused ones too, and every one that it adopted, as it stood when the record was
    written: what was heard last wins, for the outcome of one order may be learned when the next one is placed.
    """
    news = _latest(record)
    planned = (
        _order(record, facts, record.seq, one, news.get((record.seq, one.request.leg)) or one.state)
        for one in record.orders
    )
    taken_in = (
        _order(
            record,
            facts,
            one.state.order_seq,
            PlannedOrder(request=one.request, verdict=Approved(order_hash=""), state=one.state),
            news.get((one.state.order_seq, one.state.leg)) or one.state,
        )
        for one in adopted(record)
    )
    return (*planned, *taken_in)


def order_change_rows(record: CycleRecord, facts: SessionFacts) -> tuple[OrderChangeRow, ...]:
    """Where earlier records' orders stand now."""
    own = {(record.seq, planned.request.leg) for planned in record.orders}
    own |= {(one.state.order_seq, one.state.leg) for one in adopted(record)}
    return tuple(
        OrderChangeRow(
            order_id(facts, state.order_seq, state.leg),
            state.status,
            _text(state.venue_order_id),
            state.executed_quantity,
            state.executed_quote,
            _text(state.error),
            state.placed_at,
            **_ended(record, state),
            updated_at=record.as_of,
        )
        for key, state in _latest(record).items()
        if key not in own
    )


def approval_rows(record: CycleRecord, facts: SessionFacts, legs: Collection[str]) -> tuple[ApprovalRow, ...]:
    """The approvals that this record's orders of these ``legs`` were placed with."""
    return tuple(
        ApprovalRow(
            id=derived_id(facts.session_id, "approval", record.seq, planned.request.leg),
            org_id=facts.org_id,
            session_id=facts.session_id,
            seq=record.seq,
            leg=planned.request.leg,
            client_order_id=client_order_id(facts.session_id, record.seq, planned.request.leg),
            order_hash=planned.verdict.order_hash,
        )
        for planned in record.orders
        if isinstance(planned.verdict, Approved) and planned.request.leg in legs
    )


def adopted_approval_rows(
    record: CycleRecord, facts: SessionFacts, hashes: Mapping[UUID, str]
) -> tuple[ApprovalRow, ...]:
    """The approvals that the execution server made for the orders this record adopted. What was hashed is the order before
    it was cut to the venue's filters, which the record does not know: ``hashes`` by approval id are taken as they are.
    """
    return tuple(
        ApprovalRow(
            id=(id_ := derived_id(facts.session_id, "approval", one.state.order_seq, one.state.leg)),
            org_id=facts.org_id,
            session_id=facts.session_id,
            seq=one.state.order_seq,
            leg=one.state.leg,
            client_order_id=client_order_id(facts.session_id, one.state.order_seq, one.state.leg),
            order_hash=hashes.get(id_, ""),
        )
        for one in adopted(record)
    )


def unapproved(record: CycleRecord, facts: SessionFacts, legs: Collection[str]) -> tuple[UUID, ...]:
    """Orders that reached the venue though none of the approved ``legs`` is theirs."""
    return tuple(
        order_id(facts, record.seq, planned.request.leg)
        for planned in record.orders
        if planned.state is not None and planned.state.venue_order_id and planned.request.leg not in legs
    )


def fill_rows(record: CycleRecord, facts: SessionFacts) -> tuple[FillRow, ...]:
    """The executions this record booked."""
    return tuple(
        FillRow(
            id=derived_id(facts.session_id, "fill", fill.trade_id),
            org_id=facts.org_id,
            session_id=facts.session_id,
            seq=record.seq,
            order_id=None
            if fill.order_seq is None or fill.leg is None
            else order_id(facts, fill.order_seq, fill.leg),
            trade_id=clean(fill.trade_id),
            kind=fill.kind,
            symbol=fill.symbol,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            liquidity=fill.liquidity,
            executed_at=fill.executed_at,
        )
        for fill in record.fills
    )


def position_rows(record: CycleRecord, facts: SessionFacts) -> tuple[PositionRow, ...]:
    """Positions open after this record, and those that went flat in it."""
    prices = _prices(record)
    return tuple(
        _position(record, facts, position, prices)
        for position in sorted((*record.closed, *record.portfolio_after.positions), key=lambda p: p.ordinal)
    )


def equity_row(record: CycleRecord, facts: SessionFacts) -> EquityRow:
    """Equity and drawdown after this record."""
    peak = max(record.portfolio_after.peak_equity, record.equity)
    return EquityRow(
        session_id=facts.session_id,
        seq=record.seq,
        org_id=facts.org_id,
        as_of=record.as_of,
        equity=record.equity,
        cash=record.portfolio_after.cash,
        drawdown=float(lost(peak, record.equity)),
    )


class _Standing(NamedTuple):
    """Where an order stands, as columns."""

    status: str
    venue_order_id: str | None = None
    executed_quantity: Decimal = Decimal(0)
    executed_quote_quantity: Decimal = Decimal(0)
    refusal: dict[str, Any] | None = None
    error_message: str | None = None
    placed_at: datetime | None = None


def _standing(planned: PlannedOrder, state: OrderState | None) -> _Standing:
    verdict = planned.verdict
    if isinstance(verdict, Refused):
        broken = f"{verdict.rule}: {verdict.value} against a limit of {verdict.limit}"
        said = clean(f"{verdict.message} ({broken})" if verdict.message else broken)
        refusal = {key: clean(value) for key, value in verdict.model_dump(exclude={"kind"}).items()}
        return _Standing("REJECTED", refusal=refusal, error_message=said)
    if state is None:
        return _Standing("CANCELED", error_message=NEVER_SENT)
    return _Standing(
        state.status,
        _text(state.venue_order_id),
        state.executed_quantity,
        state.executed_quote,
        error_message=_text(state.error),
        placed_at=state.placed_at,
    )


def _order(
    record: CycleRecord, facts: SessionFacts, seq: int, planned: PlannedOrder, state: OrderState | None
) -> OrderRow:
    request, standing = planned.request, _standing(planned, state)
    ended = _ended(record, state)
    if state is None and standing.status == "CANCELED":
        ended["canceled_at"] = record.as_of
    return OrderRow(
        id=order_id(facts, seq, request.leg),
        org_id=facts.org_id,
        session_id=facts.session_id,
        seq=seq,
        leg=request.leg,
        client_order_id=client_order_id(facts.session_id, seq, request.leg),
        symbol=request.symbol,
        exchange=facts.venue,
        side=request.side,
        type=request.type,
        price=request.price,
        stop_price=request.stop_price,
        quantity=request.quantity,
        time_in_force=request.time_in_force,
        reduce_only=request.reduce_only,
        oco_group=_text(request.oco_group),
        reason=clean(request.reason),
        **standing._asdict(),
        **ended,
        created_at=record.as_of,
        updated_at=record.as_of,
    )


def _latest(record: CycleRecord) -> dict[tuple[int, str], OrderState]:
    """The last word on each order the venue reported on."""
    return {(state.order_seq, state.leg): state for state in record.order_updates}


def _ended(record: CycleRecord, state: OrderState | None) -> dict[str, Any]:
    ends: dict[str, datetime | None] = dict.fromkeys(ENDS.values())
    if state is not None and state.status in ENDS:
        ends[ENDS[state.status]] = state.updated_at or record.as_of
    return ends


def _prices(record: CycleRecord) -> dict[str, Decimal]:
    snapshot = record.snapshot
    quotes = (snapshot.quote, snapshot.hedge) if snapshot else ()
    return {quote.symbol: quote.price for quote in quotes if quote is not None}


def _position(
    record: CycleRecord, facts: SessionFacts, position: Position, prices: Mapping[str, Decimal]
) -> PositionRow:
    return PositionRow(
        id=derived_id(facts.session_id, "position", position.ordinal),
        org_id=facts.org_id,
        session_id=facts.session_id,
        exchange=facts.venue,
        **dict(position),
        unrealized_pnl=_unrealized(position, prices.get(position.symbol)),
        created_at=record.as_of,
        updated_at=record.as_of,
    )


def _unrealized(position: Position, price: Decimal | None) -> Decimal | None:
    if position.quantity == 0:
        return Decimal(0)
    if price is None:
        return None
    gain = cents(price * position.quantity) - cost_of(position)
    return gain if position.side == "LONG" else -gain


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text)
