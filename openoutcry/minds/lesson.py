"""A sentence that a model writes about a decision that has ended: what it is told, and what of its answer may be kept.

It is told the floor's own figures alone, never a word of an agent, a model or the outside. Of its answer one short text of
plain words is kept: no digit (no figure of its own), no address, no character that nobody sees.
"""

import json
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError

from openoutcry.minds.answer import LONGEST, Strict, Unreadable, refuse, unique
from openoutcry.minds.envelope import hidden
from openoutcry.types.amounts import plain

VERSION = "lesson-1"
LONGEST_LESSON = 400
SYSTEM = f"""You look back at one trading decision of a committee that has ended, and write what to remember of it.
The user sends the floor's own record of it as data. Answer with exactly one JSON object of the schema, and nothing else.

- lesson: one or two plain sentences, at most {LONGEST_LESSON} characters: what may be learned for a market like that one.
  No digits, no links, no names of people. One case proves little: say so where it does.
"""


class Lesson(Strict):
    """What a model may say."""

    lesson: Annotated[str, Field(min_length=1, max_length=LONGEST_LESSON)]


def told(
    decision: str,
    symbol: str,
    confidence: float,
    outcome: str,
    pnl: Decimal,
    reason: str,
    votes: Sequence[tuple[str, str]],
) -> str:
    """What the model is told: ``votes`` are (agent, action) of the round."""
    document = {
        "decision": decision,
        "symbol": symbol,
        "confidence": round(confidence, 4),
        "outcome": outcome,
        "net_pnl": plain(pnl),
        "why_it_ended": reason,
        "votes": [{"agent": agent, "action": action} for agent, action in votes],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def read(text: str) -> str:
    """The lesson in an answer. Raises Unreadable saying what is wrong."""
    if len(text) > LONGEST:
        raise Unreadable(f"the answer is longer than {LONGEST} characters")
    try:
        value = json.loads(text.strip(), object_pairs_hook=unique, parse_constant=refuse)
        lesson = Lesson.model_validate(value).lesson.strip()
    except (ValueError, RecursionError, ValidationError):
        raise Unreadable("the answer is not one JSON object of the schema") from None
    if not lesson:
        raise Unreadable("lesson: says nothing", field="lesson")
    if any(unicodedata.category(c) in ("Nd", "Nl", "No") for c in lesson):
        raise Unreadable("lesson: holds figures", field="lesson")
    if any(hidden(c) for c in lesson) or "://" in lesson or "www." in lesson.lower():
        raise Unreadable("lesson: is not plain words", field="lesson")
    return lesson


def schema() -> dict[str, Any]:
    """What vendors enforce."""
    return {
        "type": "object",
        "properties": {"lesson": {"type": "string"}},
        "required": ["lesson"],
        "additionalProperties": False,
    }
