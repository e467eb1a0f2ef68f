"""One answer of a language model, read strictly: exactly one JSON object of the schema, or nothing.

Nothing is coerced: fences, thoughts before the object, two objects, a key twice, "95%", 1.7 or an action of another
voice are all Unreadable, with the reason that a repair attempt shows and an abstention keeps.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openoutcry.errors import BadInput
from openoutcry.voting.seats import WORDS, Voice

LONGEST = 20_000
"""Characters of an answer that are read at all."""


class Unreadable(BadInput):
    """An answer that is not one of the schema. The message says what is wrong, in words a model can act on."""

    code = "UNREADABLE_ANSWER"


class Strict(BaseModel):
    """No coercion, no unknown field, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Claim(Strict):
    """One figure that the answer relies on: where it stands in which tool result. ``pointer`` is a JSON pointer (RFC 6901)."""

    result_id: Annotated[str, Field(min_length=1, max_length=100)]
    pointer: Annotated[str, Field(max_length=200, pattern=r"^(/[^/]*)+$")]
    value: float
    unit: Annotated[str, Field(max_length=20)]


class Answer(Strict):
    """What a model has to say, all of it; ``size_factor`` and ``hedge_ratio`` are for one voice each. It names no price and no
    quantity of an order: those come from tools and sizing alone.
    """

    action: str
    confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    reasoning: Annotated[str, Field(min_length=1, max_length=3000)]
    claims: Annotated[list[Claim], Field(max_length=32)]
    horizon_bars: Annotated[int, Field(ge=1, le=10_000)]
    size_factor: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    hedge_ratio: Annotated[float, Field(ge=0.0, le=1.0)] | None = None


def read(text: str, voice: Voice) -> Answer:
    """The answer in ``text``. Raises Unreadable naming the first thing that is wrong."""
    if len(text) > LONGEST:
        raise Unreadable(f"the answer is longer than {LONGEST} characters")
    try:
        value = json.loads(text.strip(), object_pairs_hook=unique, parse_constant=refuse)
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the answer is not one JSON object: {error}"[:300]) from None
    if not isinstance(value, dict):
        raise Unreadable("the answer is not one JSON object")
    try:
        answer = Answer.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "answer"
        raise Unreadable(f"{where}: {first['msg']}"[:300], field=where) from None
    allowed = WORDS[voice]
    if answer.action not in allowed:
        raise Unreadable(f"action: must be one of {', '.join(sorted(allowed))}", field="action")
    for name, owner in (("size_factor", "risk"), ("hedge_ratio", "hedging")):
        if voice != owner and name in answer.model_fields_set:
            raise Unreadable(f"{name}: is not yours to give", field=name)
        if voice == owner and getattr(answer, name) is None:
            raise Unreadable(f"{name}: must be given", field=name)
    return answer


def schema(voice: Voice) -> dict[str, Any]:
    """The JSON schema that vendors enforce: every property required, nothing else allowed."""
    claim = {
        "type": "object",
        "properties": {
            "result_id": {"type": "string"},
            "pointer": {"type": "string"},
            "value": {"type": "number"},
            "unit": {"type": "string"},
        },
        "required": ["result_id", "pointer", "value", "unit"],
        "additionalProperties": False,
    }
    properties: dict[str, Any] = {
        "action": {"type": "string", "enum": sorted(WORDS[voice])},
        "confidence": {"type": "number"},
        "reasoning": {"type": "string"},
        "claims": {"type": "array", "items": claim},
        "horizon_bars": {"type": "integer"},
    }
    extra = {"risk": "size_factor", "hedging": "hedge_ratio"}.get(voice)
    if extra is not None:
        properties[extra] = {"type": "number"}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("the answer gives one key twice")
    return found


def refuse(name: str) -> float:
    raise Unreadable(f"{name} is not a number")
