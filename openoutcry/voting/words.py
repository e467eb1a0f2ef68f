"""The decision in words: who said what, what it came to and why."""

from collections.abc import Iterator

from openoutcry.types.votes import Abstain, Vote
from openoutcry.voting.direction import Direction
from openoutcry.voting.roll import Heard, Roll

CLIP = 400


def spoken(
    roll: Roll, direction: Direction, size_factor: float, hedge_ratio: float | None, blocked: str | None
) -> str:
    """A readable account, one line per voice, the outcome first."""
    return "\n".join(_lines(roll, direction, size_factor, hedge_ratio, blocked))


def _lines(
    roll: Roll, direction: Direction, size_factor: float, hedge_ratio: float | None, blocked: str | None
) -> Iterator[str]:
    yield f"{direction.action}: {direction.why}."
    if blocked is not None:
        yield f"Entries blocked: {blocked}."
    elif size_factor < 1.0:
        yield f"Size capped at {size_factor:.0%}."
    if hedge_ratio is not None:
        yield f"Hedge ratio wanted: {hedge_ratio:.2f}."
    for heard in (*roll.analysis, *roll.risk, *roll.hedging):
        yield _line(heard)
    for answer in roll.silent:
        yield f"- {answer.agent} abstained ({answer.reason})" + (
            f": {_clip(answer.detail)}" if answer.detail else ""
        )


def _line(heard: Heard) -> str:
    vote = heard.vote
    learned = "" if heard.believed is None else f", believed {heard.believed:.2f}"
    said = f"{vote.action} {vote.confidence:.2f}{learned}, weight {heard.weight:g}"
    return f"- {vote.agent}: {said}: {_clip(vote.reasoning)}"


def note(answer: Vote | Abstain) -> str:
    """What the tally's list of weights says of one ballot."""
    if isinstance(answer, Abstain):
        return f"abstained: {answer.reason}" + (f" ({_clip(answer.detail)})" if answer.detail else "")
    if answer.action in ("APPROVE", "REDUCE", "VETO"):
        return f"risk voice: {answer.action}"
    if answer.action == "HEDGE":
        return "hedging voice"
    return answer.action


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CLIP else f"{line[:CLIP].rstrip()}…"
