"""The rebuttal round: agents with a language model hear what the others claim, and vote once more.

It is part of the same round: the same token, so the same budgets of round, agent and day bind its calls.
"""

from collections.abc import Mapping

import structlog

from openoutcry.errors import ReplayDiverged
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Ballot
from openoutcry.voting.debate import arguments, rebutting, settled
from orchestrator.poll import Askable, Polled, poll
from orchestrator.turn import Turn

log = structlog.get_logger()


async def debated(agents: Mapping[str, Askable], polled: Polled, turn: Turn, snapshot: Snapshot) -> Polled:
    """The round's ballots after a debate, if there is one; as they were, if not."""
    settings = turn.settings.voting.debate
    names = rebutting(snapshot, polled.ballots, turn.seats, settings)
    if not names:
        return polled
    heard = arguments(snapshot, polled.ballots, turn.seats)
    log.info("debate_opened", symbol=snapshot.symbol, seq=turn.seq, agents=names)
    again = await poll(
        {name: agents[name] for name in names}, snapshot, turn.token, settings.deadline_s, heard
    )
    rebuttals = {ballot.agent: ballot for ballot in again.ballots}
    ballots = tuple(
        settled(first, rebuttals[first.agent], heard) if first.agent in rebuttals else first
        for first in polled.ballots
    )
    took = {name: took + again.took_s.get(name, 0.0) for name, took in polled.took_s.items()}
    return Polled(ballots, took)


def debated_again(ballots: tuple[Ballot, ...], turn: Turn, snapshot: Snapshot) -> tuple[Ballot, ...]:
    """Recorded ballots with what they would have heard today. Raises ReplayDiverged when another debate would have been held."""
    firsts = [ballot.first for ballot in ballots]
    names = rebutting(snapshot, firsts, turn.seats, turn.settings.voting.debate)
    heard = arguments(snapshot, firsts, turn.seats) if names else ()
    found = tuple(ballot.agent for ballot in ballots if ballot.debate is not None)
    if set(found) != set(names):
        raise ReplayDiverged(f"debate: recorded {sorted(found)}, now {sorted(names)}")
    return tuple(
        ballot
        if ballot.debate is None
        else ballot.model_copy(update={"debate": ballot.debate.model_copy(update={"heard": heard})})
        for ballot in ballots
    )
