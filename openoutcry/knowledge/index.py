"""A search over sections: an inverted index of words, ranked by BM25.

Source of the ranking: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with
k1 = 1.2 and b = 0.75.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

K1, B = 1.2, 0.75
TITLE_COUNTS = 3
"""A word of a heading counts as often as this in its text."""
STEM_WEIGHT, SYNONYM_WEIGHT = 0.7, 0.5
WORD = re.compile(r"[a-z0-9_]+")
SUFFIXES = ("ingly", "edly", "ings", "ing", "ies", "ed", "es", "s")
SHORTEST_STEM = 3


def tokens(text: str) -> list[str]:
    """Words in lower case; a name with underscores is itself and its parts."""
    found = []
    for word in WORD.findall(text.lower()):
        found.append(word)
        parts = [part for part in word.split("_") if part]
        if len(parts) > 1:
            found.extend(parts)
    return found


def stem(word: str) -> str:
    """A word without its ending, so that ``hedging`` and ``hedged`` meet."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= SHORTEST_STEM:
            return word.removesuffix(suffix) + ("y" if suffix == "ies" else "")
    return word.removesuffix("e") if len(word) > SHORTEST_STEM else word


@dataclass(frozen=True, slots=True)
class Entry:
    """What is searched: a key, its heading and its text."""

    key: int
    title: str
    text: str


class Index:
    """The words of all entries. ``synonyms`` are other words for a word, asked for beside it."""

    def __init__(self, entries: Sequence[Entry], synonyms: Mapping[str, Sequence[str]]) -> None:
        self._postings: dict[str, dict[int, int]] = defaultdict(dict)
        self._lengths: dict[int, int] = {}
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._synonyms = synonyms
        for entry in entries:
            counted = Counter(tokens(entry.title) * TITLE_COUNTS + tokens(entry.text))
            self._lengths[entry.key] = sum(counted.values())
            for word, count in counted.items():
                self._postings[word][entry.key] = count
                self._stems[stem(word)].add(word)
        self._mean = sum(self._lengths.values()) / max(1, len(self._lengths))

    def search(self, query: str, *, expand: bool = True) -> list[tuple[int, float]]:
        """(key, score), best first, equal scores by key. ``expand``: other forms of the words, and other words, too."""
        scores: dict[int, float] = defaultdict(float)
        for word in dict.fromkeys(tokens(query)):
            best: dict[int, float] = {}
            for other, weight in self._forms(word, expand).items():
                for key, score in self._scored(other).items():
                    best[key] = max(best.get(key, 0.0), weight * score)
            for key, score in best.items():
                scores[key] += score
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))

    def _forms(self, word: str, expand: bool) -> dict[str, float]:
        if not expand:
            return {word: 1.0}
        forms = {
            other: SYNONYM_WEIGHT for synonym in self._synonyms.get(word, ()) for other in tokens(synonym)
        }
        forms |= dict.fromkeys(sorted(self._stems.get(stem(word), ())), STEM_WEIGHT)
        return forms | {word: 1.0}

    def _scored(self, word: str) -> dict[int, float]:
        postings = self._postings.get(word, {})
        rarity = math.log(1.0 + (len(self._lengths) - len(postings) + 0.5) / (len(postings) + 0.5))
        return {
            key: rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * self._lengths[key] / self._mean))
            for key, count in postings.items()
        }
