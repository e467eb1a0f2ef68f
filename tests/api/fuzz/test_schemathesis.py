"""Every operation under whatever Schemathesis thinks of: no 5xx, no undocumented status, no answer unlike its schema.

In ``make check`` one run with few examples for each operation, the same every time. ``make fuzz`` goes on, with other
seeds, until FUZZ_CASES were sent in all, or for FUZZ_SECONDS: each run is appended to FUZZ_RESULTS, where slices add up.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest

from tests.api.fuzz import kept
from tests.api.fuzz.floor import open_floor, token
from tests.api.fuzz.run import schemathesis

ROOT = Path(__file__).resolve().parents[3]
CASES = int(os.environ.get("FUZZ_CASES", "0"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "inf"))
RESULTS = ROOT / os.environ.get("FUZZ_RESULTS", ".cache/fuzz.jsonl")
EXAMPLES = 20 if CASES else 1
RUN_S = 3600 if CASES else 600
LINKS = 10
"""A run whose chains follow fewer has lost what they begin with."""


def commit() -> str:
    """What is tried, for the report."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "none"


def first_seed(before: Sequence[kept.Run]) -> int:
    """FUZZ_SEED, else one more than the last run's; 1 where there was none, and for the check."""
    if "FUZZ_SEED" in os.environ:
        return int(os.environ["FUZZ_SEED"])
    return max((run.seed for run in before), default=0) + 1


@pytest.mark.timeout(3 * RUN_S)
async def test_every_operation_keeps_its_word(lived_database, tmp_path: Path, monkeypatch):
    before = kept.read(RESULTS) if CASES else []
    seed, runs, until = first_seed(before), list[kept.Run](), monotonic() + SECONDS
    async with open_floor(lived_database, tmp_path, monkeypatch) as world:
        while not runs or (kept.cases([*before, *runs]) < CASES and monotonic() < until):
            made = await schemathesis(
                world.address, await token(world), examples=EXAMPLES, seed=seed + len(runs), folder=tmp_path, timeout_s=RUN_S
            )  # fmt: skip
            number = seed + len(runs)
            runs.append(
                kept.Run(number, commit(), made.cases, made.done, made.operations, made.links, made.failed)
            )
            if CASES:
                kept.append(RESULTS, runs[-1])
            print(made.said if made.failed else f"{runs[-1]}: nothing found")
            assert made.cases > 4 * made.refused > 0, f"the run lost its key: {made.answers}"
            assert made.links >= LINKS, f"{made.links} links followed: {made.said}"
    print(kept.summary([*before, *runs]))
    assert not any(run.failed for run in runs)


def test_slices_add_up(tmp_path: Path):
    file = tmp_path / "new" / "runs.jsonl"
    assert kept.read(file) == []
    for run in (
        kept.Run(1, "a", 12_000, 3_000, 243, 20, False),
        kept.Run(2, "a", 50, 40, 243, 5, True),
        kept.Run(3, "b", 9_000, 2_500, 242, 30, False),
    ):
        kept.append(file, run)
    assert kept.cases(kept.read(file)) == 21_000
    said = kept.summary(kept.read(file))
    assert (
        "21,000 cases in 2 runs, 5,500 of them answered 2xx, seeds [1, 3], commits ['a', 'b'], operations 242"
        in said
        and "links followed 20..30" in said
        and "[(2, 'a')]" in said
    )
