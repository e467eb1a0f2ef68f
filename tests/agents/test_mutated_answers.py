"""G13: damaged answers put to whole minds of every voice: no vote that the schema would not allow, and no crash.

``make answers`` tries 100,000 (``ANSWERS``, ``ANSWERS_SEED``) and prints what came of them.
"""

import json
import os
from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agents.llm.language import LanguageMind
from agents.llm.provider import Completion, Prompt
from openoutcry.minds.answer import schema
from openoutcry.ports import Reply
from openoutcry.settings import LlmSettings
from openoutcry.types.votes import Abstain, Vote
from openoutcry.voting.seats import WORDS, Voice
from tests.agents.practice import GOOD, asked
from tests.commit import commit

ANSWERS = int(os.environ.get("ANSWERS", "6000"))
SEED = int(os.environ.get("ANSWERS_SEED", "1"))
VOICES: tuple[Voice, ...] = ("analysis", "risk", "hedging")
OWN: dict[Voice, dict[str, Any]] = {
    "analysis": {},
    "risk": {"action": "REDUCE", "size_factor": 0.5},
    "hedging": {"action": "HEDGE", "hedge_ratio": 0.5},
}
SCHEMAS = {voice: Draft202012Validator(schema(voice)) for voice in VOICES}
JUNK = (
    '"', "{", "}", "[", "]", ",", ":", "1e999", "null", "true", "BUY", "SELL", "\\", "\u0000", "\u200b", "-", "9", "0.", "NaN",
    " ", "é", "<think>", "```json\n", "95%", "Infinity", "\ud83d",
)  # fmt: skip
VALUES = (
    0.1,
    1,
    0,
    1.0,
    1.7,
    -0.2,
    "95%",
    "0.6",
    None,
    True,
    [],
    {},
    5e-324,
    1e308,
    2**70,
    "",
    "buy ",
    "ARBITRAGE",
    "VETO",
)
NEW = ("stop_loss", "quantity", "symbol", "size_factor", "hedge_ratio", "Action", "confidence ")


def mutated(random: Random, voice: Voice) -> str:
    """A good answer, damaged: values exchanged, keys lost or added, characters taken, doubled, swapped or replaced by junk."""
    value: dict[str, Any] = {**GOOD, **OWN[voice], "claims": [dict(GOOD["claims"][0])]}
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        place = random.choice((value, value["claims"][0])) if value.get("claims") else value
        key = random.choice(list(place))
        match random.randrange(4):
            case 0 | 1:
                place[key] = random.choice(VALUES)
            case 2:
                del place[key]
            case 3:
                place[random.choice(NEW)] = random.choice(VALUES)
        if not isinstance(value.get("claims"), list) or not value["claims"] or not value["claims"][0]:
            break
    text = json.dumps(value)
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        at = random.randrange(len(text))
        match random.randrange(4):
            case 0:
                text = text[:at] + text[at + random.randrange(1, 6) :]
            case 1:
                text = text[:at] + random.choice(JUNK) + text[at:]
            case 2:
                text = text[:at]
            case 3:
                text += random.choice(("", "\n```", text, "}", " Done."))
        text = text or " "
    return text


class Damaged:
    """A model that gives damaged answers, and keeps them."""

    name = "damaged:model"

    def __init__(self, random: Random, voice: Voice) -> None:
        self.random, self.voice = random, voice
        self.said: list[str] = []

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.said.append(mutated(self.random, self.voice))
        return Completion(self.said[-1], "done", self.name)

    async def check(self, *, timeout_s: float) -> None:
        """There is nothing to ask."""

    async def close(self) -> None:
        """There is no connection."""


def allowed(voice: Voice, text: str) -> dict[str, Any]:
    """The answer, if the schema that vendors are shown allows it: read and checked by others' code than the floor's."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), text
        return dict(pairs)

    value = json.loads(text, object_pairs_hook=once)
    assert SCHEMAS[voice].is_valid(value), text
    assert value["action"] in WORDS[voice] and 0 <= value["confidence"] <= 1
    return dict(value)


def judged(voice: Voice, reply: Reply, said: list[str]) -> str:
    """What came of it: a vote that was said, or an abstention with every raw answer kept."""
    answer = reply.answer
    if isinstance(answer, Abstain):
        assert answer.reason == "unparsable" and len(said) == 2
        assert all(
            text.encode("utf-8", "backslashreplace").decode().strip() in reply.mind.response for text in said
        )
        return "abstained"
    assert isinstance(answer, Vote)
    told = allowed(voice, said[-1])
    assert answer.action == told["action"] and answer.confidence <= told["confidence"]
    assert (answer.stop_loss, answer.take_profit) in ((None, None), (Decimal(95), Decimal(120)))
    assert (answer.size_factor, answer.hedge_ratio) == (told.get("size_factor"), told.get("hedge_ratio"))
    return "voted" if len(said) == 1 else "voted once repaired"


@pytest.mark.timeout(3600)
async def test_g13_no_damaged_answer_becomes_a_vote_that_the_schema_forbids() -> None:
    random, answers, came = Random(SEED), 0, Counter[str]()
    question = asked()
    while answers < ANSWERS:
        voice = VOICES[answers % 3]
        model = Damaged(random, voice)
        mind = LanguageMind([model], {}, voice, LlmSettings(), 3600.0, False, random)
        came[judged(voice, await mind.answer(question), model.said)] += 1
        answers += len(model.said)
    print(
        f"\nanswers: N={answers} over {len(VOICES)} voices, seed={SEED}, commit={commit()}: 0 votes that the schema "
        f"forbids, 0 crashes (p < {3 / answers:.3%}); "
        + ", ".join(f"{n} {what}" for what, n in sorted(came.items()))
    )
    assert min(came.values()) > answers / 50 and len(came) == 3  # it damages, and not everything
