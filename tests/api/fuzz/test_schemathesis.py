"""Every operation under whatever Schemathesis thinks of: no 5xx, no undocumented status, no answer unlike its schema.

In ``make check`` one run with few examples for each operation, the same every time; ``make fuzz`` goes on, with other
seeds, until FUZZ_CASES were sent.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.api.fuzz.floor import open_floor, token
from tests.api.fuzz.run import Outcome, schemathesis

ROOT = Path(__file__).resolve().parents[3]
CASES = int(os.environ.get("FUZZ_CASES", "0"))
EXAMPLES = 20 if CASES else 1
RUN_S = 1500


def commit() -> str:
    """What is tried, for the report."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "none"


def first_seed() -> int:
    """FUZZ_SEED, else 1 for the check, else another one for each commit."""
    if "FUZZ_SEED" in os.environ:
        return int(os.environ["FUZZ_SEED"])
    return int(commit()[:7], 16) if CASES and commit() != "none" else 1


@pytest.mark.timeout(3 * RUN_S)
async def test_every_operation_keeps_its_word(lived_database, tmp_path: Path, monkeypatch):
    seed, cases, runs = first_seed(), 0, list[Outcome]()
    async with open_floor(lived_database, tmp_path, monkeypatch) as world:
        while not runs or cases < CASES:
            admin = await token(world)
            made = await schemathesis(
                world.address,
                admin,
                examples=EXAMPLES,
                seed=seed + len(runs),
                folder=tmp_path,
                timeout_s=RUN_S,
            )
            runs.append(made)
            cases += made.cases
            print(
                made.said
                if made.failed
                else f"{made.cases} cases, seed {seed + len(runs) - 1}: nothing found"
            )
            assert made.cases > 0, made.said
    print(f"fuzz: {cases} cases, seeds {seed} to {seed + len(runs) - 1}, commit {commit()}")
    assert not any(run.failed for run in runs)
