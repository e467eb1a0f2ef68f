"""A cassette: everything a run heard from outside its own code, one JSON object a line, so that it can be run again.

Kinds: ``header`` (version, run, settings, agents), ``call`` (an MCP tool's answer or error), ``model`` (a model's completion or
fault), ``mind`` (which models an agent asks), ``clock`` (a reading or a tick), ``id`` (what ids derive from) and ``end`` (each
session's head). Processes append whole lines to one file; each line says who wrote it. Tokens and MACs are never written.
"""

import json
import os
from collections import defaultdict, deque
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import structlog

from openoutcry.canonical import canonical_json
from openoutcry.errors import BadInput, ReplayDiverged

VERSION = 1
LIMIT = 2 * 1024**3
"""Bytes after which a recording stops: it then has no end and is refused by a replay."""
LONGEST_LINE = 64 * 1024**2
SECRET = frozenset({"mac", "token", "authorization"})
ROUND: ContextVar[str] = ContextVar("cassette_round", default="")
"""The round that an agent's calls belong to, ``symbol:seq``."""
log = structlog.get_logger()


class Recorder:
    """Appends to a cassette in the name of one process."""

    def __init__(self, path: Path, by: str, limit: int = LIMIT) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._by, self._limit, self._full = by, limit, False

    def write(self, kind: str, **fields: Any) -> None:
        """One line. Nothing after the limit, which is said once."""
        line = canonical_json(clean({"kind": kind, "by": self._by, "round": ROUND.get(), **fields})) + b"\n"
        if self._full or os.fstat(self._file).st_size + len(line) > self._limit:
            if not self._full:
                log.error("cassette_full", limit=self._limit)
            self._full = True
            return
        os.write(self._file, line)  # one write: lines of several processes never mix


def clean(value: Any) -> Any:
    """Without what proves who somebody is."""
    if isinstance(value, Mapping):
        return {key: clean(one) for key, one in value.items() if str(key).lower() not in SECRET}
    return [clean(one) for one in value] if isinstance(value, list | tuple) else value


class Reel:
    """A cassette that is played: every answer is given once, to the same question in the same round. Never writes."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        """Raises BadInput for what is no whole cassette of this version."""
        if not entries or entries[0].get("kind") != "header" or entries[0].get("version") != VERSION:
            raise BadInput(f"the first line is no header of a cassette of version {VERSION}", field="file")
        self.header = entries[0]
        ends = [entry for entry in entries if entry["kind"] == "end"]
        if not ends:
            raise BadInput("the cassette has no end: its run was cut short or it was full", field="file")
        self.end = ends[-1]
        self.clock = [entry for entry in entries if entry["kind"] == "clock"]
        self.ids = deque(entry["value"] for entry in entries if entry["kind"] == "id")
        self.minds = {entry["by"]: entry["providers"] for entry in entries if entry["kind"] == "mind"}
        self.misses: list[str] = []
        self._left: dict[tuple[str, ...], deque[dict[str, Any]]] = defaultdict(deque)
        for entry in entries:
            if entry["kind"] in ("call", "model"):
                self._left[_place(entry)].append(entry)

    @classmethod
    def load(cls, path: Path) -> "Reel":
        """Read a file. Raises BadInput naming the line that is not one of a cassette."""
        entries = []
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    try:
                        entry = json.loads(line) if len(line) <= LONGEST_LINE else None
                    except ValueError:
                        entry = None
                    if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
                        raise BadInput(f"{path}:{number}: not a line of a cassette", field="file")
                    entries.append(entry)
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}", field="file") from error
        try:
            return cls(entries)
        except (KeyError, TypeError) as error:
            raise BadInput(f"{path}: an entry lacks {error}", field="file") from error

    def answers(self, kind: str, by: str) -> list[dict[str, Any]]:
        """What was heard so by one process and is not played yet, in the order recorded."""
        found = [entry for left in self._left.values() for entry in left]
        return [entry for entry in found if entry["kind"] == kind and entry["by"] == by]

    def play(self, kind: str, by: str, name: str, asked: Any) -> dict[str, Any]:
        """The entry that answers this question. Raises ReplayDiverged naming call and field that differ."""
        asked = json.loads(canonical_json(clean(asked)))
        place = (kind, by, ROUND.get(), name)
        for entry in self._left[place]:
            if entry["asked"] == asked:
                self._left[place].remove(entry)
                return entry
        where = f"{by}, round {place[2]}" if place[2] else by
        held = next(iter(self._left[place]), None)
        why = "the recording holds no such call" if held is None else difference(held["asked"], asked)
        self.misses.append(f"{where}: {name}: {why}")
        raise ReplayDiverged(self.misses[-1])


def _place(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return entry["kind"], entry["by"], entry["round"], entry["name"]


def difference(old: Any, new: Any, path: str = "") -> str:
    """The first place where two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                return difference(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                return difference(before, after, f"{path}[{index}]")
    if isinstance(old, str) and isinstance(new, str):
        at = next(
            (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
        )
        start = max(0, at - 20)
        old, new = old[start : at + 60], new[start : at + 60]
    return f"{path or 'value'}: recorded {str(old)[:120]!r}, now {str(new)[:120]!r}"
