"""``leaves-v1``: what the tools of a round told an agent, as a vector. Its cosine is about the share of equal leaves.

A leaf is a figure or a word at its place in a tool's answer. Figures count to two significant digits; times, ids and
what says where an answer came from do not count, for they differ in every round.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from openoutcry.canonical import canonical_json
from openoutcry.embedding import embed
from openoutcry.types.votes import ToolUse

SPACE = "leaves-v1"
PASSING = frozenset({"as_of", "result_id", "source", "stale"})
TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?", re.DOTALL)
LONGEST_WORD = 40
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def situation(uses: Sequence[ToolUse]) -> tuple[float, ...]:
    """The vector of what these results say, in 256 numbers."""
    return embed(" ".join(sorted(_words(uses))))


def _words(uses: Iterable[ToolUse]) -> Iterator[str]:
    for use in uses:
        asked = canonical_json(use.arguments).decode()
        for path, value in _leaves(use.result, ""):
            leaf = blake2b(f"{use.tool}\x1f{asked}\x1f{path}\x1f{value}".encode(), digest_size=8).hexdigest()
            yield leaf.translate(LETTERS)  # one word of letters: the embedder keeps it whole


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in PASSING:
                yield from _leaves(item, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}/{index}")
    elif isinstance(value, str):
        figure = _figure(value)
        if figure is not None:
            yield path, figure
        elif len(value) <= LONGEST_WORD and not TIME.fullmatch(value):
            yield path, value
    elif isinstance(value, bool) or value is None:
        yield path, str(value)
    elif isinstance(value, int | float):
        yield path, f"{value:.1e}"


def _figure(text: str) -> str | None:
    """Money comes as text."""
    try:
        return f"{float(text):.1e}" if text[:1] in "-+.0123456789" and len(text) <= LONGEST_WORD else None
    except ValueError:
        return None
