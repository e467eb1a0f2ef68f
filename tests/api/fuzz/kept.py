"""Phases that ``make fuzz`` ran, appended to a file, and what they add up to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import slices


@dataclass(frozen=True)
class Run:
    """One phase of Schemathesis: ``cases`` calls were let in, ``done`` of them did what they asked for."""

    phase: str
    seed: int
    commit: str
    cases: int
    done: int
    operations: int
    links: int
    failed: bool


def append(file: Path, run: Run) -> None:
    slices.append(file, asdict(run))


def read(file: Path) -> list[Run]:
    return [Run(**row) for row in slices.read(file)]


def cases(runs: Sequence[Run]) -> int:
    """How many requests were answered as documented: those of phases that found nothing."""
    return sum(run.cases for run in runs if not run.failed)


def summary(runs: Sequence[Run]) -> str:
    """Everything so far, in one line."""
    good = [run for run in runs if not run.failed]
    alone = [run.operations for run in good if run.phase != "chains"]
    return (
        f"fuzz: {cases(runs):,} cases in {len(good)} phases, {sum(run.done for run in good):,} of them answered 2xx, "
        f"seeds {sorted({run.seed for run in good})}, commits {sorted({run.commit for run in good})}, "
        f"operations {min(alone, default=0)}, "
        f"links followed {[run.links for run in good if run.phase == 'chains']}; "
        f"phases that found something: {[(run.phase, run.seed, run.commit) for run in runs if run.failed]}"
    )
