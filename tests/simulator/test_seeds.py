"""A few seeds from end to end: they hold, they repeat, and faults planted in the product are caught."""

import os
import subprocess
import sys
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, localcontext
from itertools import zip_longest
from pathlib import Path

import pytest

from simulator.floor.lives import NAMES
from simulator.plants import PLANTS, planted
from simulator.run import STOP, prepare, simulate

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(1, 13)


@pytest.fixture(scope="session", autouse=True)
def _prepared() -> None:
    """Building the servers is no seed's work."""
    prepare()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds_under_many_faults(seed: int) -> None:
    outcome = simulate(seed)
    assert outcome.violation is None
    assert len(outcome.faults) >= 10
    assert outcome.rounds >= 1


@pytest.mark.parametrize("name", NAMES)
def test_p12_whichever_process_stands_still_for_a_minute_every_invariant_holds_and_it_is_back_in_the_end(
    name: str,
) -> None:
    outcome = simulate(7, also=((25.0, f"{STOP}{name}"),))
    assert outcome.violation is None and outcome.faults[f"{STOP}{name}"] == 1
    assert outcome.rounds >= 1


def test_seed_18_fills_an_order_in_a_round_without_a_price_and_goes_on() -> None:
    # The order's outcome was learned when nothing could be valued: the floor died of it at every start.
    assert simulate(18).violation is None


def test_the_same_seed_has_the_same_log_in_every_process() -> None:
    code = "from simulator.run import simulate; print(*simulate(4, keep=True).lines, *simulate(7, keep=True).lines, sep='\\n')"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "77")
    ]
    seventh, fourth = simulate(7, keep=True).lines, simulate(4, keep=True).lines
    for theirs in told:
        assert first_difference(theirs, [*fourth, *seventh]) is None


@pytest.mark.parametrize("rounding", [ROUND_HALF_UP, ROUND_DOWN])
def test_no_log_depends_on_how_the_process_rounds(rounding: str) -> None:
    # ccxt leaves ROUND_HALF_UP behind in the process that formats a number with it (decimal_to_precision).
    for seed in (2, 7):
        expected = simulate(seed, keep=True).lines
        with localcontext(rounding=rounding):
            assert first_difference(expected, simulate(seed, keep=True).lines) is None


def first_difference(one: Sequence[str], other: Sequence[str]) -> tuple[str | None, str | None] | None:
    """The first event in which two logs differ: whatever made them differ came just before."""
    return next((pair for pair in zip_longest(one, other) if pair[0] != pair[1]), None)


@pytest.mark.parametrize("name", PLANTS)
def test_what_is_planted_is_there_to_be_replaced(name: str) -> None:
    with planted(name):
        pass


@pytest.mark.parametrize(
    "plant",
    [
        "absent-is-hold",
        "agent-left-out",
        "forget-fee",
        "settle-late",
        "skip-gate",
        "absorb-strangers",
        "deaf-to-strangers",
        "stranger-to-itself",
        "adopt-anything",
    ],
)
def test_a_planted_fault_is_caught(plant: str) -> None:
    assert plant in PLANTS
    assert any(simulate(seed, plant=plant).violation for seed in SEEDS)
