"""Commands that were asked for too long ago: nothing of them is begun any more, and what had left is told of.

Whoever asked has long been told that nobody answered, and the market has moved on: an order that goes out minutes later is
one that nobody wants. What only stops, cancels or tells is never too late.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from db.commands import LASTS_S, Pending
from openoutcry.types import commands as c
from orchestrator import hedges, manual
from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk

NEVER_LATE = (c.StopSession, c.PauseSession, c.CancelOrder, c.HearAccount, c.ReplayRound)


def late(pending: Pending, now: datetime) -> bool:
    """Whether the command may not be begun any more."""
    return not isinstance(pending.command, NEVER_LATE) and now > pending.asked_at + timedelta(seconds=LASTS_S)


def too_late(pending: Pending) -> str:
    """What is said of such a command."""
    return (
        f"{pending.command.kind.replace('_', ' ')}: not carried out, the floor came to it more than {LASTS_S} s after it was "
        f"asked for ({pending.asked_at:%Y-%m-%d %H:%M:%S} UTC); ask again if it is still wanted"
    )


async def begun(floor: LiveFloor, desks: Iterable[Desk], pending: Pending) -> tuple[Desk, ...]:
    """The desks whose ledger tells of an order of this command: an earlier life placed it and died before it answered.

    A record that such a life began is ended first, without asking for anything, so that it tells of what had left.
    """
    leg = leg_of(pending)
    if leg is None:
        return ()
    found = []
    for desk in desks:
        if desk.begun:
            await manual.act(floor, desk, manual.exactly(), {"command": pending.number})
        if await floor.store.order_of_leg(desk.facts.session_id, leg, desk.seq - 1) is not None:
            found.append(desk)
    return tuple(found)


def leg_of(pending: Pending) -> str | None:
    """How the orders of a command are called; None for one that places none by itself."""
    match pending.command:
        case c.PlaceOrder():
            return manual.leg_of(pending.number)
        case c.ExecuteHedges() | c.CloseHedges():
            return hedges.leg_of(pending.number)
    return None
