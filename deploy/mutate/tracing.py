"""Which test runs which lines of the code that is tried: only those tests are asked about a change on a line."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

Lines = dict[str, set[int]]
"""File → numbers of the lines that ran."""


class Tracer:
    """Collects lines of ``files`` (as the interpreter spells their paths) while it is on."""

    def __init__(self, files: frozenset[str]) -> None:
        self._files = files
        self.lines: Lines = {}

    def on(self) -> None:
        """Forget what ran before, and listen."""
        self.lines = {}
        sys.settrace(self._called)

    def off(self) -> Lines:
        """Stop listening; what ran."""
        sys.settrace(None)
        return self.lines

    def _called(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename not in self._files:
            return None
        seen = self.lines.setdefault(frame.f_code.co_filename, set())

        def ran(inner: FrameType, what: str, _: Any) -> Callable[..., Any]:
            seen.add(inner.f_lineno)
            return ran

        seen.add(frame.f_lineno)
        return ran
