"""``outcry sim`` from outside: what it prints, refuses and keeps."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openoutcry.errors import BadInput
from outcry.commands.sim import app
from simulator.kept import Kept
from simulator.many import Summary
from simulator.outcome import Outcome


def outcome(seed: int, violation: str | None = None, kinds: int = 12) -> Outcome:
    return Outcome(
        seed, f"{seed:064x}", 10, {f"fault {kind}": 2 for kind in range(kinds)}, 4, 2, 1, violation
    )


def test_the_figure_names_seeds_sha_commit_and_bound() -> None:
    told = CliRunner().invoke(app, ["--seeds", "2..3", "--workers", "1"])
    assert told.exit_code == 0, told.output
    assert "2 of the seeds 2..3: 2 held every invariant, 0 broke one" in told.output
    assert "sha256 of results " in told.output and "commit " in told.output
    assert "p < 3/2" in told.output


@pytest.mark.parametrize("seeds", ["", "3..1", "x", "1..", "-1", "1..2..3"])
def test_what_is_no_range_of_seeds_is_refused(seeds: str) -> None:
    told = CliRunner().invoke(app, ["--seeds", seeds])
    assert told.exit_code != 0
    assert isinstance(told.exception, BadInput) and told.exception.field == "seeds"


def test_a_broken_seed_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "simulator.many.lived", lambda seed, plant: outcome(seed, "I1: gone" if seed == 2 else None)
    )
    told = CliRunner().invoke(app, ["--seeds", "1..3", "--workers", "1"])
    assert told.exit_code == 1
    assert "seed 2: I1: gone" in told.output and "broken: 2" in told.output and "p < 3" not in told.output


def test_g2_each_seed_has_one_log_in_two_processes_that_hash_differently() -> None:
    told = CliRunner().invoke(app, ["--seeds", "4..5", "--twice"])
    assert told.exit_code == 0, told.output
    assert "hash seeds 1 and 77, commit " in told.output
    assert "2 of the seeds 4..5 in two processes: 2 had the same log" in told.output
    assert "p < 3/2" in told.output and "sha256 of results " in told.output


def test_g2_a_seed_with_two_logs_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [(outcome(1), outcome(1)), (outcome(2), replace(outcome(2), digest="f" * 64))]
    monkeypatch.setattr("simulator.twice.pairs", lambda seeds, seconds: iter(two))
    told = CliRunner().invoke(app, ["--seeds", "1..2", "--twice"])
    assert told.exit_code == 1
    assert f"seed 2: {outcome(2).digest} in one process, {'f' * 64} in the other" in told.output
    assert "1 did not" in told.output and "p < 3" not in told.output


def test_twice_goes_with_nothing_that_it_would_not_obey(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--twice", "--resume", str(tmp_path / "kept.jsonl")])
    assert isinstance(told.exception, BadInput) and told.exception.field == "twice"


@pytest.mark.parametrize("resumed", [True, False])
def test_a_seed_with_few_kinds_of_fault_fails_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, resumed: bool
) -> None:
    monkeypatch.setattr("simulator.many.commit", lambda: "c0ffee")
    monkeypatch.setattr(
        "simulator.many.lived", lambda seed, plant: outcome(seed, kinds=9 if seed == 2 else 10)
    )
    slices = ["--resume", str(tmp_path / "kept.jsonl")] if resumed else []
    told = CliRunner().invoke(app, ["--seeds", "1..3", "--workers", "1", *slices])
    assert told.exit_code == 1 and "but seed 2 met faults of fewer than 10 kinds" in told.output


def test_of_a_broken_seed_it_is_not_said_that_it_met_few_faults() -> None:
    total = Summary()
    total.add(outcome(1, "I1: gone", kinds=3))
    total.add(outcome(2))
    assert total.fewest == (12, 2)


def test_slices_go_on_where_the_last_one_ended_and_say_the_same(tmp_path: Path) -> None:
    first = Kept(tmp_path / "kept.jsonl", "c0ffee")
    for seed in (1, 3):
        first.add(outcome(seed))
    with (tmp_path / "kept.jsonl").open("a") as file:
        file.write('{"seed": 4, "dig')  # killed in the middle of a line
    again = Kept(tmp_path / "kept.jsonl", "c0ffee")
    assert again.missing(1, 4) == [2, 4]
    again.add(outcome(2))
    sliced, whole = Summary(), Summary()
    for kept in Kept(tmp_path / "kept.jsonl", "c0ffee").among(1, 3):
        sliced.add(kept)
    for seed in (1, 2, 3):
        whole.add(outcome(seed))
    assert sliced.sha == whole.sha and sliced.seeds == 3


@pytest.mark.parametrize("commit", ["unknown", "c0ffee-dirty", "another"])
def test_outcomes_are_of_one_commit(tmp_path: Path, commit: str) -> None:
    Kept(tmp_path / "kept.jsonl", "c0ffee")
    with pytest.raises(BadInput, match="commit"):
        Kept(tmp_path / "kept.jsonl", commit)


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", '{"commit": "c0ffee"}\n[]\n', json.dumps(asdict(outcome(1))) + "\n"]
)
def test_a_file_that_holds_no_outcomes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.jsonl").write_text(text)
    with pytest.raises(BadInput, match="does not hold outcomes"):
        Kept(tmp_path / "kept.jsonl", "c0ffee")
