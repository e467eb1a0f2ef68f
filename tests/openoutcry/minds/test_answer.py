"""What a model's answer must be. Every way of being wrong is an error with its reason, never a vote."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.minds.answer import Answer, Unreadable, read, schema
from openoutcry.voting.seats import WORDS

GOOD: dict[str, Any] = {
    "action": "BUY",
    "confidence": 0.62,
    "reasoning": "RSI is 28.4 and the close is above its average.",
    "claims": [{"result_id": "abc", "pointer": "/values/rsi", "value": 28.4, "unit": ""}],
    "horizon_bars": 24,
}


def test_a_good_answer_is_read() -> None:
    answer = read(json.dumps(GOOD), "analysis")
    assert (answer.action, answer.confidence, answer.claims[0].value) == ("BUY", 0.62, 28.4)


def changed(**values: Any) -> str:
    return json.dumps({**GOOD, **values})


BAD = {
    "fence": f"```json\n{json.dumps(GOOD)}\n```",
    "thoughts": f"<think>buy?</think>{json.dumps(GOOD)}",
    "two objects": json.dumps(GOOD) * 2,
    "text after": json.dumps(GOOD) + " I hope this helps",
    "empty": "",
    "blank": " \n ",
    "list": json.dumps([GOOD]),
    "word": "BUY",
    "cut": json.dumps(GOOD)[:-10],
    "key twice": json.dumps(GOOD)[:-1] + ', "action": "SELL"}',
    "percent": changed(confidence="95%"),
    "text number": changed(confidence="0.9"),
    "above one": changed(confidence=1.7),
    "negative": changed(confidence=-1),
    "nan": json.dumps(GOOD).replace("0.62", "NaN"),
    "infinity": json.dumps(GOOD).replace("0.62", "Infinity"),
    "huge exponent": json.dumps(GOOD).replace("0.62", "1e400"),
    "true": changed(confidence=True),
    "null": changed(confidence=None),
    "unknown action": changed(action="ARBITRAGE"),
    "padded action": changed(action="buy "),
    "lower case": changed(action="buy"),
    "another's word": changed(action="VETO"),
    "extra key": changed(quantity=10),
    "a price": changed(stop_loss=1.0),
    "missing key": json.dumps({key: value for key, value in GOOD.items() if key != "reasoning"}),
    "empty reasoning": changed(reasoning=""),
    "long reasoning": changed(reasoning="x" * 4_000),
    "wrong claims": changed(claims=[{"result_id": "abc"}]),
    "too many claims": changed(claims=GOOD["claims"] * 40),
    "another's field": changed(size_factor=0.5),
    "deep": "[" * 50_000,
    "long": changed(reasoning="x" * 30_000),
    "comment": json.dumps(GOOD)[:-1] + "/* buy */}",
    "single quotes": str(GOOD),
    "half a bar": changed(horizon_bars=1.5),
    "no claims": json.dumps({key: value for key, value in GOOD.items() if key != "claims"}),
    "no horizon": json.dumps({key: value for key, value in GOOD.items() if key != "horizon_bars"}),
    "a claim without a unit": changed(claims=[{"result_id": "abc", "pointer": "/values/rsi", "value": 28.4}]),
    "another's field, empty": changed(hedge_ratio=None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_everything_else_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(BAD[name], "analysis")
    assert 0 < len(str(caught.value)) <= 300


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    with suppress(Unreadable):
        assert read(text, "analysis").action in WORDS["analysis"]


@pytest.mark.parametrize("voice", WORDS)
def test_the_schema_shown_to_vendors_names_the_same_fields(voice: Any) -> None:
    shown = schema(voice)
    assert set(shown["properties"]["action"]["enum"]) == WORDS[voice]
    assert set(shown["properties"]) <= set(Answer.model_fields)
    assert shown["required"] == list(shown["properties"])
    assert shown["additionalProperties"] is False


@pytest.mark.parametrize(
    ("voice", "action", "field"), [("risk", "REDUCE", "size_factor"), ("hedging", "HEDGE", "hedge_ratio")]
)
def test_a_voice_gives_its_own_figure(voice: Any, action: str, field: str) -> None:
    assert getattr(read(changed(action=action, **{field: 0.5}), voice), field) == 0.5
    for text in (changed(action=action), changed(action=action, **{field: None})):
        with pytest.raises(Unreadable, match=f"{field}: must be given"):
            read(text, voice)
