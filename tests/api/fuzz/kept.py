"""Runs of ``make fuzz``, appended to a file, and what they add up to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One run of Schemathesis over every operation: ``cases`` calls were let in, ``done`` of them did what they asked for."""

    seed: int
    commit: str
    cases: int
    done: int
    operations: int
    links: int
    failed: bool


def append(file: Path, run: Run) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(json.dumps(asdict(run)) + "\n")


def read(file: Path) -> list[Run]:
    return [Run(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def cases(runs: Sequence[Run]) -> int:
    """How many requests were answered as documented: those of runs that found nothing."""
    return sum(run.cases for run in runs if not run.failed)


def summary(runs: Sequence[Run]) -> str:
    """Everything so far, in one line."""
    good = [run for run in runs if not run.failed]
    return (
        f"fuzz: {cases(runs):,} cases in {len(good)} runs, {sum(run.done for run in good):,} of them answered 2xx, "
        f"seeds {sorted(run.seed for run in good)}, "
        f"commits {sorted({run.commit for run in good})}, "
        f"operations {min((run.operations for run in good), default=0)}, "
        f"links followed {min((run.links for run in good), default=0)}..{max((run.links for run in good), default=0)}; "
        f"runs that found something: {[(run.seed, run.commit) for run in runs if run.failed]}"
    )
