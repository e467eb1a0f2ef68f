"""From a plan to orders at the venue: each one reviewed, approved and placed in turn, then protected."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import structlog

from openoutcry.errors import BadInput, DataUnavailable, ToolFailed, VenueRejected, VenueUnknown
from openoutcry.orders import stem
from openoutcry.ports import AccountSync
from openoutcry.risk.brackets import LEAVING
from openoutcry.risk.case import GateInput
from openoutcry.risk.exposure import funds
from openoutcry.risk.gate import only_reduces, review
from openoutcry.risk.instruments import instrument_of
from openoutcry.risk.latch import latched
from openoutcry.risk.limits import daily_loss_use, drawdown_use
from openoutcry.risk.protection import of_others, protect
from openoutcry.risk.standing import standings
from openoutcry.risk.traffic import MINUTE_S
from openoutcry.sim.account import is_perp
from openoutcry.types.book import Position
from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import (
    Approval,
    Approved,
    Bracket,
    OrderRequest,
    OrderState,
    OrderStatus,
    PlannedOrder,
    Refused,
)
from openoutcry.types.votes import Ballot, Vote
from orchestrator.books import Books
from orchestrator.bracketing import trail_of
from orchestrator.leftovers import left_over, taken_in, unplanned
from orchestrator.turn import Floor, RoundBroker, Turn
from wire.crashpoint import crashpoint

log = structlog.get_logger()
LOOK_AGAIN_S = (0.1, 0.5, 1.0, 2.0, 4.0)
PROTECTING = frozenset({"stop_loss", "take_profit"})


def instruments(turn: Turn, books: Books, marks: Mapping[str, Decimal]) -> dict[str, Instrument]:
    """Trading rules of the session's symbols: the venue's own, else the settings' at their last good prices."""
    facts = turn.desk.facts
    symbols = (facts.symbol, facts.hedge_symbol)
    rules, venue = books.instruments, turn.settings.venue
    return {s: instrument_of(s, rules, venue, marks.get(s)) for s in symbols if s is not None}


def modelled(ballots: Iterable[Ballot]) -> bool:
    """Whether a language model's risk voice approved (or shrank) this round."""
    return any(
        ballot.mind.model != "rules"
        and isinstance(ballot.answer, Vote)
        and ballot.answer.action in ("APPROVE", "REDUCE")
        for ballot in ballots
    )


def gate_input(
    turn: Turn,
    books: Books,
    snapshot: Snapshot | None,
    marks: Mapping[str, Decimal],
    *,
    approved_by_model: bool = False,
    now: datetime | None = None,
) -> GateInput:
    """What the gate looks at, at this point of the round. ``now`` is the time that orders count at, default the round's."""
    as_of = now or turn.as_of
    return GateInput(
        portfolio=books.portfolio,
        prices=marks,
        instruments=instruments(turn, books, marks),
        working=books.working(),
        faults=snapshot.faults if snapshot is not None else (),
        mode=turn.desk.facts.mode,
        halted=turn.halted is not None,
        restricted=turn.restricted,
        as_of=as_of,
        traffic=turn.desk.traffic.at(as_of, max(MINUTE_S, turn.settings.risk.repeat_window_s)),
        latched=turn.desk.latched,
        paused=turn.desk.paused,
        approved_by_model=approved_by_model,
    )


def breaker(gate: GateInput, turn: Turn, books: Books) -> GateInput:
    """The gate's view with every loss limit latched that is reached as the books stand now."""
    portfolio, orders = books.portfolio, books.working()
    try:
        money = funds(portfolio, orders, standings(portfolio, orders), gate.prices, turn.settings)
    except DataUnavailable:  # what cannot be valued is not entered into either
        return gate
    uses = daily_loss_use(money, turn.settings), drawdown_use(money, turn.settings)
    return replace(gate, latched=latched(gate.latched, uses, turn.seq, turn.as_of))


async def submit(
    floor: Floor,
    turn: Turn,
    broker: RoundBroker,
    books: Books,
    gate: GateInput,
    requests: Iterable[OrderRequest],
) -> tuple[tuple[PlannedOrder, ...], GateInput]:
    """Review and place orders one after another; each is reviewed against the book the ones before it left.

    Returns what became of each, and the gate's view after them. One that an interrupted attempt of the record has sent is
    left over when the gate refuses it now, or when it is another order than it was: it is at the venue all the same.
    """
    done: list[PlannedOrder] = []
    requests = tuple(requests)
    gate = taken_in(gate, turn, books, unplanned(books, requests))
    for request in requests:
        gate = replace(gate, portfolio=books.portfolio, working=books.working())
        verdict, reduces = review(request, gate, turn.settings), only_reduces(request, gate, turn.settings)
        earlier = books.sent.get(request.leg)
        if earlier is not None and (isinstance(verdict, Refused) or earlier != request):
            gate = taken_in(gate, turn, books, (request.leg,))
            continue
        gate = replace(gate, placed=(*gate.placed, request))
        if isinstance(verdict, Refused):
            log.info(
                "order_refused", leg=request.leg, rule=verdict.rule, value=verdict.value, limit=verdict.limit
            )
            done.append(PlannedOrder(request=request, verdict=verdict))
            continue
        gate = gate.counting(request)
        state = await _place(floor, turn, broker, books, request, reduces=reduces)
        done.append(
            PlannedOrder(request=request, verdict=Approved(order_hash=verdict.order_hash), state=state)
        )
    return tuple(done), gate


async def _place(
    floor: Floor, turn: Turn, broker: RoundBroker, books: Books, request: OrderRequest, *, reduces: bool
) -> OrderState:
    """Place one approved order. A definitive refusal is a state; an unknown outcome is looked up, never resent."""
    books.expect(turn.seq, request)
    stop, target = books.protections.get((turn.seq, request.leg), (None, None))
    own = turn.settings.risk.trailing_stop if stem(request.leg) == "entry" else None
    trail = books.trails.get(turn.seq, own)
    bracket = None if stop is None else Bracket(stop_loss=stop, take_profit=target, trail=trail)
    approval = floor.approve(turn, request, reduces=reduces, bracket=bracket)
    crashpoint("k15" if stem(request.leg) in PROTECTING else "k7")
    try:
        news = await _placed(broker, request, approval)
    except VenueUnknown as error:
        log.error("order_unresolved", leg=request.leg, error=str(error))
        news = _word(turn, request, "UNKNOWN", error)
    except (VenueRejected, ToolFailed) as error:
        log.warning("order_rejected", leg=request.leg, error=str(error))
        news = _word(turn, request, "REJECTED", error)
    crashpoint("k12")
    books.book(f"place:{request.leg}", news)
    return books.state(turn.seq, request.leg)


async def _placed(broker: RoundBroker, request: OrderRequest, approval: Approval) -> AccountSync:
    """Ask until the answer is known, long enough for a killed execution server to be back.

    Asking again cannot double the order: the server looks it up by its id before anything else.
    """
    for pause in LOOK_AGAIN_S:
        try:
            return await broker.place(request, approval)
        except VenueUnknown as error:
            log.warning("order_unknown", leg=request.leg, error=str(error))
            await asyncio.sleep(pause)
    return await broker.place(request, approval)


def _word(turn: Turn, request: OrderRequest, status: OrderStatus, error: Exception) -> AccountSync:
    state = OrderState(order_seq=turn.seq, leg=request.leg, status=status, error=str(error)[:500])
    return AccountSync((), (state,))


async def cancel(broker: RoundBroker, books: Books, orders: Iterable[tuple[int, str]]) -> None:
    """Cancel orders at the venue; one that executed meanwhile is booked as what it did.

    One that the venue does not know, because nobody can say yet that it never came, ends nothing else: the next sync
    learns of it.
    """
    for seq, leg in orders:
        try:
            books.book(f"cancel:{seq}:{leg}", await broker.cancel(seq, leg))
        except (VenueUnknown, VenueRejected, ToolFailed, BadInput) as error:
            # it still counts as working; whoever wants it gone asks again
            log.error("cancel_unresolved", seq=seq, leg=leg, error=str(error))


async def protect_and_tell(
    floor: Floor, turn: Turn, broker: RoundBroker, books: Books, gate: GateInput
) -> tuple[tuple[PlannedOrder, ...], GateInput]:
    """Protect what is filled, and tell of what an interrupted attempt has sent; then look once more. An exit among what was
    sent held protection up, and may never have come; an answer about a guard may tell what an entry in doubt has filled.
    """
    guards, gate = await protect_positions(floor, turn, broker, books, gate)
    left, gate = await left_over(turn, broker, books, gate)
    late, gate = await protect_positions(floor, turn, broker, books, gate)
    return (*guards, *left, *late), gate


async def protect_positions(
    floor: Floor, turn: Turn, broker: RoundBroker, books: Books, gate: GateInput
) -> tuple[tuple[PlannedOrder, ...], GateInput]:
    """Give every directional position, and every manual one that has a stop, what protection it lacks, for exactly what is
    filled. At a real exchange's spot the execution server does it, in pairs: coins can be spoken for only once there.
    """
    done: list[PlannedOrder] = []
    guarded = [one for one in books.portfolio.positions if _guarded_here(turn, one)]
    for position in guarded:
        if position.symbol not in gate.instruments or _leaving(books, position.symbol):
            continue
        alike = [one for one in guarded if (one.symbol, one.side) == (position.symbol, position.side)]
        legs = protect(
            position,
            books.working(),
            seq=turn.seq,
            risk=turn.settings.risk,
            instrument=gate.instruments[position.symbol],
            reserved=of_others(position, alike, books.working()),
            trailing=trail_of(position, books.trails, turn.settings) is not None,
        )
        # A leg this round has already asked for is not asked for again: the next round looks anew.
        asked = {request.leg for request in gate.placed}
        missing = [leg for leg in legs if leg.leg not in asked]
        placed, gate = await submit(floor, turn, broker, books, gate, missing)
        done.extend(placed)
    return tuple(done), gate


def _guarded_here(turn: Turn, position: Position) -> bool:
    if position.role != "trade" and (position.role != "manual" or position.stop_loss is None):
        return False
    return turn.desk.facts.mode != "LIVE" or is_perp(position.symbol) or position.stop_loss is None


def _leaving(books: Books, symbol: str) -> bool:
    """An exit is still working: protection would race it for the same position."""
    return any(w.request.symbol == symbol and stem(w.request.leg) in LEAVING for w in books.working())
