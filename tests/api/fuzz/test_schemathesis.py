"""Every operation under whatever Schemathesis thinks of: no 5xx, no undocumented status, no answer unlike its schema.

In ``make check`` each phase once with few examples for each operation and a third of its cases at the bounds, some 4,500
requests, the same every time. ``make fuzz`` sends all, and goes on, with
other seeds, until FUZZ_CASES were let in, or for FUZZ_SECONDS: each phase is appended to FUZZ_RESULTS, where slices add up.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest

from tests.api.conftest import World
from tests.api.fuzz import kept
from tests.api.fuzz.floor import open_floor, token
from tests.api.fuzz.run import PHASES, schemathesis

ROOT = Path(__file__).resolve().parents[3]
CASES = int(os.environ.get("FUZZ_CASES", "0"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "inf"))
RESULTS = ROOT / os.environ.get("FUZZ_RESULTS", ".cache/fuzz.jsonl")
EXAMPLES = 4 if CASES else 1
EVERY = 1 if CASES else 3
SCENARIOS = 60 if CASES else 20
PHASE_S = 3600 if CASES else 600
LINKS = 5
"""Chains that follow fewer have lost what they begin with."""


def commit() -> str:
    """What is tried, for the report."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "none"


async def tried(world: World, phase: str, seed: int, folder: Path) -> kept.Run:
    """One phase, kept; what it found is printed."""
    key = await token(world)
    made = await schemathesis(
        phase, world.address, key, examples=SCENARIOS if phase == "chains" else EXAMPLES,
        every=EVERY, seed=seed, folder=folder, timeout_s=PHASE_S,
    )  # fmt: skip
    run = kept.Run(phase, seed, commit(), made.cases, made.done, made.operations, made.links, made.failed)
    if CASES:
        kept.append(RESULTS, run)
    print(made.said if made.failed else f"{run}: nothing found; {sorted(made.answers.items())}", flush=True)
    async with world.client(None) as client:
        after = await client.get("/api/v1/sessions", headers={"Authorization": f"Bearer {key}"})
    assert after.status_code == 200, f"the run lost its key: {made.answers}"
    assert made.links >= LINKS or phase != "chains", made.said
    return run


def following(before: Sequence[kept.Run]) -> tuple[str, int]:
    """The phase whose turn it is, and its seed; FUZZ_SEED is that of the first."""
    turn = len(before)
    names = tuple(PHASES)
    return names[turn % len(names)], int(os.environ.get("FUZZ_SEED", "1")) + turn // len(names)


def over(before: Sequence[kept.Run], runs: Sequence[kept.Run], until: float) -> bool:
    """Whether each phase ran once; with FUZZ_CASES whether one did, and there are enough or the time is up."""
    if not CASES:
        return len(runs) == len(PHASES)
    return bool(runs) and (kept.cases([*before, *runs]) >= CASES or monotonic() >= until)


@pytest.mark.timeout(3 * PHASE_S)
async def test_every_operation_keeps_its_word(lived_database, tmp_path: Path, monkeypatch):
    before = kept.read(RESULTS) if CASES else []
    runs, until = list[kept.Run](), monotonic() + SECONDS
    async with open_floor(lived_database, tmp_path, monkeypatch) as world:
        while not over(before, runs, until):
            runs.append(await tried(world, *following([*before, *runs]), tmp_path))
    print(kept.summary([*before, *runs]))
    assert not any(run.failed for run in runs)


def test_slices_add_up(tmp_path: Path):
    file = tmp_path / "new" / "runs.jsonl"
    assert kept.read(file) == [] and following([]) == ("coverage", 1)
    for run in (
        kept.Run("coverage", 1, "a", 12_000, 3_000, 243, 0, False),
        kept.Run("fuzzing", 1, "a", 50, 40, 243, 0, True),
        kept.Run("chains", 1, "b", 900, 500, 61, 20, False),
        kept.Run("coverage", 2, "b", 9_000, 2_000, 242, 0, False),
    ):
        kept.append(file, run)
    runs = kept.read(file)
    assert kept.cases(runs) == 21_900 and following(runs) == ("fuzzing", 2)
    assert (
        "21,900 cases in 3 phases, 5,500 of them answered 2xx, seeds [1, 2], commits ['a', 'b'], operations 242, "
        "links followed [20]; phases that found something: [('fuzzing', 1, 'a')]"
    ) in kept.summary(runs)
