"""Faults planted in the product to test the tester: one line of code each, put in place for a run and taken out again.

A plant that no seed catches is a blind spot of the checker or of the world.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from mcp_servers.execution import intents, leaving, placing
from openoutcry.errors import BadInput
from openoutcry.ledger import projection
from openoutcry.types.orders import OrderState
from openoutcry.types.votes import Abstain, Vote
from orchestrator import books, bootstrap, bracketing, cycle, poll, trade
from orchestrator.broker import McpBroker
from orchestrator.store import Store
from simulator.account_plants import ACCOUNT_PLANTS
from simulator.plant import Plant
from simulator.world import door


def _no_lookup(real: Any) -> Any:
    async def known(venue: Any, intent: Any, standing: Any) -> OrderState | None:
        return None

    return known


def _no_sent(real: Any) -> Any:
    async def sent(*_: Any) -> None:
        """Nothing is committed before the bytes leave."""

    return sent


def _never_settled(real: Any) -> Any:
    async def surely(pool: Any, intent: Any, state: Any, fences: Any) -> None:
        await real(pool, intent, state.model_copy(update={"status": "SENT"}), fences)

    return surely


def _resend(real: Any) -> Any:
    async def send(*given: Any) -> OrderState:
        state: OrderState = await real(*given)
        return await real(*given) if state.status == "UNKNOWN" else state

    return send


def _unknown_is_rejected(real: Any) -> Any:
    async def send(*given: Any) -> OrderState:
        state: OrderState = await real(*given)
        return state.model_copy(update={"status": "REJECTED"}) if state.status == "UNKNOWN" else state

    return send


def _one_name(real: Any) -> Any:
    return lambda session, seq, leg: real(session, 0, leg)


def _twice_booked(real: Any) -> Any:
    def fresh(self: Any, answer: dict[str, Any]) -> Any:
        fills, states = real(self, answer)
        return [*fills, *(f.model_copy(update={"trade_id": f.trade_id + "x"}) for f in fills[:1])], states

    return fresh


def _a_fill_lost(real: Any) -> Any:
    def fresh(self: Any, answer: dict[str, Any]) -> Any:
        fills, states = real(self, answer)
        return fills[:1], states

    return fresh


def _fee_forgotten(real: Any) -> Any:
    def fresh(self: Any, answer: dict[str, Any]) -> Any:
        fills, states = real(self, answer)
        return [f.model_copy(update={"fee": Decimal(0)}) for f in fills], states

    return fresh


def _float_money(real: Any) -> Any:
    def drifted(price: Decimal) -> Decimal:
        return Decimal(repr(round(float(price) * (1 + 1e-9), 8)))

    def fresh(self: Any, answer: dict[str, Any]) -> Any:
        fills, states = real(self, answer)
        return [f.model_copy(update={"price": drifted(f.price)}) for f in fills], states

    return fresh


def _absent_holds(real: Any) -> Any:
    async def ask(name: str, *more: Any) -> Any:
        ballot, took = await real(name, *more)
        if isinstance(ballot.answer, Abstain) and name in ("technical", "trend"):
            held = Vote(agent=name, symbol=ballot.answer.symbol, action="HOLD", confidence=0.5, reasoning="absent",
                        evidence=())  # fmt: skip
            ballot = ballot.model_copy(update={"answer": held})
        return ballot, took

    return ask


def _agent_left_out(real: Any) -> Any:
    async def polled(agents: Any, *more: Any) -> Any:
        return await real({name: agents[name] for name in sorted(agents)[1:]}, *more)

    return polled


def _vote_twice(real: Any) -> Any:
    def votes(*given: Any) -> Any:
        found = real(*given)
        return found._replace(votes=(*found.votes, *found.votes[:1]))

    return votes


def _audit_row_lost(real: Any) -> Any:
    def votes(*given: Any) -> Any:
        found = real(*given)
        return found._replace(votes=found.votes[:-1])

    return votes


def _fill_row_lost(real: Any) -> Any:
    def fills(*given: Any) -> Any:
        found = real(*given)
        return found._replace(fills=found.fills[:-1])

    return fills


def _no_protection(real: Any) -> Any:
    async def none(floor: Any, turn: Any, broker: Any, books: Any, gate: Any) -> Any:
        return (), gate

    return none


def _stops_only(real: Any) -> Any:
    return lambda *given, **more: tuple(leg for leg in real(*given, **more) if leg.leg == "stop_loss")


def _never_moved(real: Any) -> Any:
    return lambda *_: ()


def _forgetful(real: Any) -> Any:
    return lambda entry, stop, *more: real(entry, stop * 0, *more)


def _all_approved(real: Any) -> Any:
    def review(request: Any, gate: Any, settings: Any) -> Any:
        from openoutcry.orders import order_hash
        from openoutcry.types.orders import Approved

        return Approved(order_hash=order_hash(request))

    return review


def _approval_of_another(real: Any) -> Any:
    return lambda request: real(request.model_copy(update={"quantity": request.quantity * 2}))


def _impatient(real: Any) -> Any:
    class Impatient(real):  # type: ignore[misc]
        def __init__(self, after_s: float) -> None:
            super().__init__(0.01)

    return Impatient


def _nothing_permitted(real: Any) -> Any:
    return lambda *_: None


def _ballots_again(real: Any) -> Any:
    async def opened(self: Any, *given: Any, **named: Any) -> None:
        await real(self, *given, **named)

    return opened


def _forgotten_rest(real: Any) -> Any:
    def book(self: Any, cause: str, news: Any) -> None:
        if cause != "sync":
            real(self, cause, news)

    return book


PLANTS: Mapping[str, Plant] = {
    "drop-lookup": Plant("a SENT order is sent again without looking it up", placing, "_known", _no_lookup),
    "skip-sent": Plant("SENT is not committed before the bytes leave", leaving, "sent", _no_sent),
    "resend-blindly": Plant("an unknown outcome is sent again at once", placing, "_send", _resend),
    "unknown-is-rejected": Plant(
        "an unknown outcome counts as a rejection", placing, "_send", _unknown_is_rejected
    ),
    "settle-late": Plant("the venue's word is never written to the row", placing, "settle", _never_settled),
    "reuse-name": Plant("client order ids repeat from round to round", intents, "client_order_id", _one_name),
    "book-twice": Plant("a fill is booked twice", McpBroker, "_fresh", _twice_booked),
    "lose-fill": Plant("of several fills only the first is booked", McpBroker, "_fresh", _a_fill_lost),
    "forget-fee": Plant("fees are not booked", McpBroker, "_fresh", _fee_forgotten),
    "float-price": Plant("a price goes through a float", McpBroker, "_fresh", _float_money),
    "absent-is-hold": Plant("a missing agent counts as HOLD", poll, "_ask", _absent_holds),
    "agent-left-out": Plant("one agent is not asked", bootstrap, "poll", _agent_left_out),
    "vote-twice": Plant("a vote is stored twice", projection, "project", _vote_twice),
    "lose-vote": Plant("the last vote is not stored", projection, "project", _audit_row_lost),
    "lose-fill-row": Plant("the last fill is not stored", projection, "project", _fill_row_lost),
    "no-stop": Plant("positions are not protected", trade, "protect_positions", _no_protection),
    "no-target": Plant("positions get no target", trade, "protect", _stops_only),
    "stop-stays": Plant("a stop that trails is never moved", cycle, "follow", _never_moved),
    "stop-goes-back": Plant(
        "a stop that trails follows the price both ways", bracketing, "trailed", _forgetful
    ),
    "skip-gate": Plant("the gate lets everything through", trade, "review", _all_approved),
    "approve-another": Plant(
        "the approval binds another quantity", bootstrap, "order_hash", _approval_of_another
    ),
    "ignore-retry-after": Plant("Retry-After is not waited for", door, "SlowDown", _impatient),
    "vote-again": Plant("a resumed round asks for new ballots", Store, "open_round", _ballots_again),
    "deaf-to-sync": Plant("what happened between rounds is not booked", books.Books, "book", _forgotten_rest),
    **ACCOUNT_PLANTS,
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Put a plant in place. Raises BadInput for an unknown one."""
    if name is None:
        yield
        return
    if name not in PLANTS:
        raise BadInput(f"plant: {name!r} is not one of {', '.join(PLANTS)}", field="plant")
    plant = PLANTS[name]
    real = getattr(plant.target, plant.name)
    made = plant.make(real)
    spots = _users(plant, real)
    for spot in spots:
        setattr(spot, plant.name, made)
    try:
        yield
    finally:
        for spot in spots:
            setattr(spot, plant.name, real)


def _users(plant: Plant, real: Any) -> list[Any]:
    """The target, and every loaded module of ours that took the same thing by name."""
    import sys

    from simulator.engine.clocks import OURS

    ours = (
        module
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] in (*OURS, "simulator")
    )
    held = [
        module
        for module in ours
        if vars(module).get(plant.name) is real and module is not sys.modules[__name__]
    ]
    return [plant.target, *(module for module in held if module is not plant.target)]
