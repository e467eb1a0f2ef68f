"""Holding an answer against a document's example: keys, kinds, words, sign and scale.

The ``terms`` of a document's file say of every value in every example what it stands for: a range, a kind of text, or the
words it may be. The key is the value's place, from the right as far as it takes to be clear; ``*`` is a key that is data; a
number in front is the line of the example. ``?`` allows null.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.api.shaped_like import kind
from tests.api.walk.transcribed import terms

KINDS: Mapping[str, str] = {
    "text": r"(?s).*\S.*",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "version": r"\d+\.\d+\.\d+",
    "decimal": r"\d+(\.\d+)?",
    "pair": r"[A-Z0-9]+/[A-Z0-9]+(:[A-Z0-9]+)?",
    "perpetual": r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+",
    "asset": r"[A-Z0-9]{2,10}",
    "duration": r"(\d+h)?(\d+m)?\d+s",
    "days": r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d",
}
RANGE = re.compile(r"(-?[\d.]*?)\.\.(-?[\d.]*)")


def term_of(terms: Mapping[str, str], line: int, path: tuple[str, ...]) -> tuple[str, str] | None:
    """The key and the term for the value at ``path`` of the example at ``line``: the most particular one."""
    for start in range(len(path) + 1):
        tail = ".".join(path[start:])
        keys = [f"{line}.{tail}" if tail else str(line)] + ([tail] if tail else [])
        found = next((key for key in keys if key in terms), None)
        if found is not None:
            return found, terms[found]
    return None


class Comparison:
    """What an answer lacks of one example, and which terms were needed to say so."""

    def __init__(self, terms: Mapping[str, str], line: int) -> None:
        self.terms, self.line = terms, line
        self.used: set[str] = set()

    def __call__(self, example: Any, answer: Any, path: tuple[str, ...] = ()) -> list[str]:
        """Differences of ``answer``, each with its place; none when it is as documented."""
        found = term_of(self.terms, self.line, path)
        self.used |= {found[0]} if found else set()
        term = found[1] if found else ""
        where = ".".join(path) or "$"
        if example is None and not found:
            return []
        if term == "free":
            return (
                [] if isinstance(answer, dict) and answer else [f"{where}: {answer!r} instead of an object"]
            )
        if term == "same":
            return [] if answer == example else [f"{where}: {answer!r} instead of {example!r}"]
        if answer is None:
            return [] if example is None or term.endswith("?") else [f"{where}: null"]
        if example is not None and kind(example) != kind(answer):
            return [f"{where}: {kind(answer)} instead of {kind(example)}"]
        if isinstance(example, dict):
            return self._object(example, answer, path, term == "map")
        if isinstance(example, list):
            return self._list(example, answer, path, where)
        return [] if isinstance(example, bool) else _value(answer, term.rstrip("?"), where)

    def _object(self, example: Any, answer: Any, path: tuple[str, ...], keys_are_data: bool) -> list[str]:
        where = ".".join(path) or "$"
        if keys_are_data:
            first = next(iter(example.values()))
            wrong = [d for value in answer.values() for d in self(first, value, (*path, "*"))]
            return wrong if answer else [f"{where}: empty"]
        missing = [f"{where}.{key}: missing" for key in example if key not in answer]
        return missing + [
            d
            for key, value in example.items()
            if key in answer
            for d in self(value, answer[key], (*path, key))
        ]

    def _list(self, example: Any, answer: Any, path: tuple[str, ...], where: str) -> list[str]:
        if not example:
            return []
        return [d for item in answer for d in self(example[0], item, path)] if answer else [f"{where}: empty"]


def _value(answer: Any, term: str, where: str) -> list[str]:
    if not term:
        return [f"{where}: no term says what it stands for"]
    if isinstance(answer, str):
        wanted = KINDS.get(term, term)
        return [] if re.fullmatch(wanted, answer) else [f"{where}: {answer[:80]!r} is not {term}"]
    if term == "count":
        return [] if isinstance(answer, int) and answer >= 0 else [f"{where}: {answer} is not a count"]
    bounds = RANGE.fullmatch(term)
    assert bounds, f"{where}: {term!r} says nothing of a number"
    low, high = (float(text) if text else None for text in bounds.groups())
    inside = (low is None or answer >= low) and (high is None or answer <= high)
    return [] if inside else [f"{where}: {answer} is not within {term}"]


def unlike(product: str, line: int, example: Any, answer: Any) -> list[str]:
    """Differences of an answer from the example at ``line`` of a product's document."""
    return Comparison(terms(product), line)(example, answer)


TYPES: Mapping[str, str] = {
    "number": "number", "string": "string", "boolean": "bool", "object": "object", "null": "null", "UUID": "string",
    "timestamp": "string",
}  # fmt: skip


def unlike_model(fields: Mapping[str, str], answer: Mapping[str, Any]) -> list[str]:
    """Differences of an answer from a data model's fields and types."""
    found = [f"{name}: missing" for name in fields if name not in answer]
    for name, written in fields.items():
        if name in answer and not any(_is(answer[name], one.strip()) for one in written.split("|")):
            found.append(f"{name}: {answer[name]!r} is not {written}")
    return found


def _is(value: Any, written: str) -> bool:
    if written.startswith('"'):
        return bool(value == written.strip('"'))
    if kind(value) != TYPES[written]:
        return False
    name = {"UUID": "uuid", "timestamp": "time"}.get(written)
    return name is None or re.fullmatch(KINDS[name], value) is not None
