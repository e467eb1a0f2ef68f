"""What the tests of an area do when nothing is changed: kept beside the results, for the slices to come."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.mutate.areas import ROOT
from deploy.mutate.probes import Lines

LEAST_CPU_S = 2.0
TIMES = 4
"""How many times its usual time a test may take before the change counts as one that never ends."""


@dataclass(slots=True)
class Baseline:
    """What each test does without a change: its lines and its seconds of the processor."""

    lines: dict[str, Lines] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def asked(self, file: str, first: int, last: int) -> list[str]:
        """The tests that ran any of these lines, quickest first."""
        path, wanted = str(ROOT / file), set(range(first, last + 1))
        found = [test for test, lines in self.lines.items() if wanted & lines.get(path, set())]
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def all_for(self, file: str) -> list[str]:
        """All tests: those that ran anything of a file first, of each kind the quickest first. Who reads a table of it runs
        no line of it.
        """
        path = str(ROOT / file)
        return sorted(self.lines, key=lambda test: (path not in self.lines[test], self.seconds[test], test))

    def limit(self, tests: Sequence[str]) -> float:
        """Seconds of the processor that these tests may take."""
        return LEAST_CPU_S + TIMES * sum(self.seconds[test] for test in tests)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a baseline is kept. It holds for the code and tests that ``of`` is a digest of, and no others."""

    file: Path
    of: str

    def find(self, tests: Collection[str]) -> Baseline | None:
        """The baseline of just these tests, if it is there."""
        said = json.loads(self.file.read_text()) if self.file.exists() else {}
        if said.get("of") != self.of or said["seconds"].keys() != set(tests):
            return None
        lines = {
            test: {path: set(ran) for path, ran in files.items()} for test, files in said["lines"].items()
        }
        return Baseline(lines, said["seconds"])

    def keep(self, baseline: Baseline) -> None:
        """Keep one in which nothing failed."""
        lines = {
            test: {path: sorted(ran) for path, ran in files.items()} for test, files in baseline.lines.items()
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"of": self.of, "seconds": baseline.seconds, "lines": lines}))
