"""Signals by what someone says they want: a text held against what each signal says of itself.

    semantic_score  cosine of ``text:hash-v1`` (openoutcry/embedding.py) of the text and of the signal's own description
    intent_score    share of the text's words that the signal's name, category, direction or description has
    usecase_score   agreement on what is asked of the signal: its kind (an event or a state), its category, its direction;
                    the share that agrees of those the text names, 0 when it names none
    similarity      0.5 × semantic + 0.35 × intent + 0.15 × usecase, a negative cosine counting as 0

No model and no download: words that mean the same but are not the same are not found, but for the few in ``SYNONYMS``.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from openoutcry.embedding import embed
from openoutcry.signals.declare import Signal
from openoutcry.signals.leaning import leaning
from openoutcry.signals.registry import REGISTRY

WORD = re.compile(r"[a-z][a-z0-9]+")
WEIGHTS: Mapping[str, float] = {"semantic": 0.5, "intent": 0.35, "usecase": 0.15}
DIGITS = 4
SYNONYMS: Mapping[str, str] = {
    "buy": "bullish", "long": "bullish", "uptrend": "bullish", "bull": "bullish", "rally": "bullish",
    "sell": "bearish", "short": "bearish", "downtrend": "bearish", "bear": "bearish",
    "crossover": "cross", "crosses": "cross", "crossing": "cross", "crossed": "cross", "average": "sma", "averages": "sma",
    "volatile": "volatility", "breakouts": "breakout", "breaks": "breakout", "signals": "signal",
}  # fmt: skip
STOP = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "i", "if", "in", "into", "is", "it", "its", "me",
    "of", "on", "or", "that", "the", "to", "want", "when", "where", "which", "with",
})  # fmt: skip
KINDS: Mapping[str, str] = {
    "trigger": "TRIGGER", "event": "TRIGGER", "cross": "TRIGGER", "breakout": "TRIGGER", "reversal": "TRIGGER",
    "filter": "FILTER", "state": "FILTER", "while": "FILTER", "regime": "FILTER",
}  # fmt: skip
DIRECTIONS: Mapping[str, str] = {"bullish": "bull", "bearish": "bear"}


class Match(NamedTuple):
    """A signal and how like the text it is. Scores are from 0 to 1; ``shared`` are the words both have."""

    signal: Signal
    similarity: float
    semantic: float
    intent: float
    usecase: float
    shared: tuple[str, ...]


def matches(text: str, most: int, threshold: float) -> list[Match]:
    """The signals most like ``text``, best first, none less similar than ``threshold``."""
    asked, vector = words(text), embed(text)
    found = [_held(signal, asked, vector) for signal in REGISTRY.values()]
    near = [match for match in found if match.similarity >= threshold]
    return sorted(near, key=lambda match: (-match.similarity, match.signal.name))[:most]


def words(text: str) -> frozenset[str]:
    """The words of a text that say something, in the registry's own vocabulary."""
    found = (SYNONYMS.get(word, word) for word in WORD.findall(text.lower().replace("_", " ")))
    return frozenset(word for word in found if word not in STOP)


@cache
def described(name: str) -> str:
    """What a signal says of itself."""
    signal = REGISTRY[name]
    return f"{name.replace('_', ' ')} {signal.category} {signal.summary}"


@cache
def _own(name: str) -> tuple[frozenset[str], tuple[float, ...]]:
    text = described(name)
    points = {"bull": "bullish", "bear": "bearish"}.get(leaning(REGISTRY[name]), "")
    return words(f"{text} {points}"), embed(text)


def _held(signal: Signal, asked: frozenset[str], vector: tuple[float, ...]) -> Match:
    own, own_vector = _own(signal.name)
    semantic = max(0.0, min(1.0, sum(a * b for a, b in zip(vector, own_vector, strict=True))))
    shared = asked & own
    intent = len(shared) / len(asked) if asked else 0.0
    usecase = _usecase(signal, asked)
    total = WEIGHTS["semantic"] * semantic + WEIGHTS["intent"] * intent + WEIGHTS["usecase"] * usecase
    return Match(
        signal=signal,
        similarity=round(total, DIGITS),
        semantic=round(semantic, DIGITS),
        intent=round(intent, DIGITS),
        usecase=round(usecase, DIGITS),
        shared=tuple(sorted(shared)),
    )


def _usecase(signal: Signal, asked: frozenset[str]) -> float:
    wanted = [
        ({KINDS[word] for word in asked if word in KINDS}, signal.kind),
        ({DIRECTIONS[word] for word in asked if word in DIRECTIONS}, leaning(signal)),
        ({one.category for one in REGISTRY.values() if one.category in asked}, signal.category),
    ]
    named = [value in choices for choices, value in wanted if choices]
    return sum(named) / len(named) if named else 0.0
