"""The mutation runner tells what tests notice from what they do not, and the list of survivors names real changes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.mutate import survivors
from deploy.mutate.areas import AREAS, ROOT, Area
from deploy.mutate.mutants import Source
from deploy.mutate.run import Running, Slice
from deploy.mutate.summary import count, told

HERE = "tests/project/mutated"
RUN = f"""
import sys, time
from pathlib import Path
from deploy.mutate.areas import Area
from deploy.mutate.run import Running, Slice
area = Area("sample", ("{HERE}/scale.py",), ("{HERE}/test_scale.py",))
Running(Slice(Path(sys.argv[1]), 6, time.monotonic() + float(sys.argv[2]), "here", False), area).go_on()
"""


def run(results: Path, seconds: float) -> dict[str, str]:
    """What became of each change of the sample so far."""
    subprocess.run([sys.executable, "-c", RUN, str(results), str(seconds)], cwd=ROOT, check=True, timeout=240)
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert len({line["mutant"] for line in lines}) == len(lines), "a change was tried twice"
    return {line["mutant"].removeprefix(f"{HERE}/scale.py|"): line["verdict"] for line in lines}


def test_what_tests_notice_is_told_from_what_they_do_not(tmp_path: Path) -> None:
    first = run(tmp_path / "results", 0.2)  # a slice ends after the change it is at
    found = run(tmp_path / "results", 240)
    source = Source(f"{HERE}/scale.py", (ROOT / HERE / "scale.py").read_text())
    assert 0 < len(first) < len(found) == len(source.mutants) and first.items() <= found.items()
    assert {name for name, verdict in found.items() if verdict == "survived"} == {
        "Scale.most|return max(LIMIT, 3)|3 → 4|1",
        "stepped|if load > Scale().most:|> → >=|1",
        "stepped|while left >= step:|>= → >|1",
        "unseen|return load < 0|< → <=|1",
        "unseen|return load < 0|0 → 1|1",
    }
    assert {name for name, verdict in found.items() if verdict == "timeout"} == {
        "stepped|left -= step|- → +|1",
        "stepped|left -= step|drop the statement|1",
    }
    killed = {name for name, verdict in found.items() if verdict == "killed"}
    assert {"|LIMIT = 10|10 → 11|1", "Scale.most|return max(LIMIT, 3)|max → min|1"} <= killed


def test_the_list_names_changes_that_exist() -> None:
    files = {file for area in AREAS for file in area.files()}
    names = {one.name for file in files for one in Source(file, (ROOT / file).read_text()).mutants}
    assert survivors.compare(survivors.read(), {}, names).unknown == ()


def test_a_survivor_without_a_reason_fails_and_a_killed_one_is_pointed_out() -> None:
    verdicts = {"a": "killed", "b": "survived", "c": "timeout", "d": "survived"} | dict.fromkeys(
        "efghijklmnopqrst", "killed"
    )
    counted = count("some", [*verdicts, "not tried"], verdicts, existing=30)
    assert (counted.all, counted.killed, counted.timeouts, counted.survived, counted.whole) == (
        21,
        17,
        1,
        2,
        False,
    )
    faults = survivors.compare({"b", "c", "gone"}, verdicts, set(verdicts))
    assert (faults.unlisted, faults.killed, faults.unknown) == (("d",), ("c",), ("gone",))
    lines, well = told([counted], faults, 6, ["abc"])
    assert (
        not well and "SURVIVES WITHOUT A REASON: d" in lines and "LISTED, BUT NO SUCH CHANGE: gone" in lines
    )
    assert any("yet listed" in line and line.endswith("c") for line in lines)
    assert "NOT ALL TRIED: some" in lines and lines[0].startswith("some: N 21 drawn of 30, killed 17,")
    whole = count("some", list(verdicts), verdicts, existing=len(verdicts))
    clean = survivors.compare({"b", "d"}, verdicts, set(verdicts))
    assert told([whole], clean, 6, ["abc"])[1] is True
    assert told([count("low", ["a", "b"], verdicts, existing=2)], clean, 6, ["abc"])[1] is False
    begun = count("begun", ["a", "not tried"], verdicts, existing=2)
    assert told([begun], clean, 6, ["abc"])[1] is False


def test_what_is_drawn_of_an_area_is_the_seeds_and_of_the_whole() -> None:
    area = Area("sample", (f"{HERE}/scale.py",), (f"{HERE}/test_scale.py",), drawn=5)
    draws = [Running(Slice(Path("results"), seed, 0.0, "here", False), area) for seed in (6, 6, 7)]
    first, again, other = ({one.name for one in draw.mutants} for draw in draws)
    assert len(first) == len(other) == 5 and first == again != other
    assert first < {one.name for one in draws[0].existing}


def test_a_list_that_says_something_twice_is_refused(tmp_path: Path) -> None:
    entry = '[[survivor]]\nfile = "f"\nwithin = ""\nat = "a"\nchange = "b"\nreason = "it is the same"\n'
    (tmp_path / "list").write_text(entry * 2)
    with pytest.raises(ValueError, match="twice"):
        survivors.read(tmp_path / "list")
