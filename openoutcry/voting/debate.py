"""A debate: where the voices are far apart, those that can think again hear what the others claim and vote once more.

Dispersion is the share of the analysts' weight x confidence that is not behind the strongest action: 0 when all agree, 0.5 when
two sides are even, 2/3 when three are. What is told is typed: a stand of three words, a confidence, and numbers of cited
results. No agent's sentences reach another. Rules would say the same again, so they keep their vote.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from openoutcry.minds.envelope import TOKEN
from openoutcry.settings import DebateSettings
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Argument, Ballot, Debated, Point, Stand, Vote
from openoutcry.voting.roll import Roll, call_roll
from openoutcry.voting.seats import Seat

STANDS: Mapping[str, Stand] = {"BUY": "price_rises", "SELL": "price_falls", "HOLD": "no_edge"}
MINDLESS = frozenset({"rules", "none"})
MOST_CITED = 4
MOST_FIGURES = 12
ENVELOPE = frozenset({"as_of", "source", "result_id", "stale"})


def dispersion(roll: Roll) -> float:
    """The share of weight x confidence that is not behind the strongest action; 0 when nobody calls anything."""
    sums = dict.fromkeys(STANDS, 0.0)
    for voice in roll.analysis:
        sums[voice.vote.action] += voice.strength
    total = math.fsum(sums.values())
    return 1.0 - max(sums.values()) / total if total > 0 else 0.0


def rebutting(
    snapshot: Snapshot, ballots: Sequence[Ballot], seats: Sequence[Seat], settings: DebateSettings
) -> tuple[str, ...]:
    """Who is asked again, by name; nobody when there is no debate."""
    roll = call_roll(snapshot, ballots, seats)
    if not settings.enabled or dispersion(roll) <= settings.threshold:
        return ()
    minds = {ballot.agent: ballot.mind.model for ballot in ballots}
    return tuple(voice.vote.agent for voice in roll.analysis if minds[voice.vote.agent] not in MINDLESS)


def arguments(snapshot: Snapshot, ballots: Sequence[Ballot], seats: Sequence[Seat]) -> tuple[Argument, ...]:
    """What every analyst claims, by agent."""
    by_agent = {ballot.agent: ballot for ballot in ballots}
    return tuple(
        _argument(voice.vote, by_agent[voice.vote.agent])
        for voice in call_roll(snapshot, ballots, seats).analysis
    )


def settled(first: Ballot, again: Ballot, heard: tuple[Argument, ...]) -> Ballot:
    """The ballot after a rebuttal: the new vote, or the first where the rebuttal is none, or the rules' for want of a model."""
    if isinstance(again.answer, Abstain) or again.mind.model in MINDLESS:
        return first.model_copy(update={"debate": Debated(heard=heard, other=again, stood=True)})
    return again.model_copy(update={"debate": Debated(heard=heard, other=first, stood=False)})


def _argument(vote: Vote, ballot: Ballot) -> Argument:
    uses = {use.result_id: use for use in ballot.tool_uses}
    cited = [uses[result] for result in dict.fromkeys(vote.evidence) if result in uses][:MOST_CITED]
    points = tuple(
        Point(result_id=use.result_id, tool=use.tool, figures=_figures(use.result)) for use in cited
    )
    return Argument(agent=vote.agent, claims=STANDS[vote.action], confidence=vote.confidence, cites=points)


def _figures(result: Mapping[str, Any]) -> dict[str, float]:
    return dict(pair for pair, _ in zip(_numbers(result), range(MOST_FIGURES), strict=False))


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of a result by JSON pointer, in its order; keys that could say something are left out with what is under them."""
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else ()
    for key, item in pairs:
        if not TOKEN.fullmatch(str(key)) or (not path and key in ENVELOPE):
            continue
        if isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item):
            yield f"{path}/{key}", float(item)
        else:
            yield from _numbers(item, f"{path}/{key}")
