"""An answer carried over to a situation alike: its opinion is kept, its figures are read anew, and nothing stale is said.

Every claim must lead to the same place of the same tool's answer to the same question in this round, and what stands there
now may have moved by no more than ``tolerance``; the claim then has this round's result and value. The reasoning keeps its
words and loses its figures. An answer that relies on no figure, or on one that is not there or has moved, is not carried
over. Only analysts' answers are: a size or a hedge ratio is itself a figure of its round.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from openoutcry.canonical import canonical_json
from openoutcry.minds.answer import LONGEST, Answer, Claim, Unreadable, read
from openoutcry.minds.grounding import ground, number, pointed
from openoutcry.types.frozen import Frozen
from openoutcry.types.votes import ToolUse
from openoutcry.voting.seats import Voice

LEFT_OUT = "…"
MOST_PLACES = 64
MOST_CALLS = 16
CITED = re.compile(r"\[[^\]]*\]")
WITH_DIGIT = re.compile(r"\S*\d\S*")


class Place(Frozen):
    """Which question to which tool a cited result answered."""

    tool: Annotated[str, Field(min_length=1, max_length=100)]
    arguments: Annotated[str, Field(max_length=4_000)]
    """As canonical JSON."""


class KeptCall(Frozen):
    """A tool that the model asked for."""

    id: Annotated[str, Field(max_length=200)]
    spoken: Annotated[str, Field(max_length=200)]
    arguments: Annotated[str, Field(max_length=20_000)]


class KeptAnswer(Frozen):
    """What a model said, whole: a text, or the tools it asked for. ``cited`` are the results it could cite, by id."""

    text: Annotated[str, Field(max_length=LONGEST)]
    model: Annotated[str, Field(max_length=200)]
    calls: Annotated[tuple[KeptCall, ...], Field(max_length=MOST_CALLS)] = ()
    cited: Annotated[dict[str, Place], Field(max_length=MOST_PLACES)] = Field(default_factory=dict)


def places(uses: Sequence[ToolUse]) -> dict[str, Place]:
    """Where results came from, by id."""
    return {use.result_id: _place(use) for use in uses[:MOST_PLACES]}


def readable(text: str, voice: Voice) -> bool:
    """Whether a text is an answer of this voice."""
    try:
        read(text, voice)
    except Unreadable:
        return False
    return True


def flawless(text: str, voice: Voice, uses: Sequence[ToolUse]) -> bool:
    """Whether an answer can be read and all its figures hold: no other is ever carried over."""
    if not readable(text, voice):
        return False
    answer = read(text, voice)
    return bool(answer.claims) and ground(answer, uses).factor == 1.0


def carried(kept: KeptAnswer, voice: Voice, uses: Sequence[ToolUse], tolerance: float) -> str | None:
    """The kept answer as one of this round, as JSON; None when it cannot be."""
    if voice != "analysis":
        return None
    try:
        answer = read(kept.text, voice)
    except Unreadable:
        return None
    here = {_place(use): use for use in uses}
    claims = [_anew(claim, kept.cited, here, tolerance) for claim in answer.claims]
    held = [claim for claim in claims if claim is not None]
    if not held or len(held) != len(claims):
        return None
    told = Answer(
        action=answer.action,
        confidence=answer.confidence,
        reasoning=without_figures(answer.reasoning),
        claims=held,
        horizon_bars=answer.horizon_bars,
    )
    return json.dumps(told.model_dump(mode="json", exclude_none=True), ensure_ascii=False)


def without_figures(text: str) -> str:
    """The words of a reasoning: nothing with a digit in it, no id of another round."""
    return WITH_DIGIT.sub(LEFT_OUT, CITED.sub("", text)).strip() or LEFT_OUT


def _anew(
    claim: Claim, cited: Mapping[str, Place], here: Mapping[Place, ToolUse], tolerance: float
) -> Claim | None:
    place = cited.get(claim.result_id)
    use = None if place is None else here.get(place)
    if use is None:
        return None
    value = _number(pointed(use.result, claim.pointer))
    if value is None or abs(value - claim.value) > tolerance * abs(claim.value):
        return None
    return claim.model_copy(update={"result_id": use.result_id, "value": value})


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return number(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _place(use: ToolUse) -> Place:
    return Place(tool=use.tool, arguments=canonical_json(use.arguments).decode()[:4_000])
