"""A foreign package with one of our names is refused, however it came."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from openoutcry.errors import StartupRefused
from wire.namesakes import OURS, ROOT, refuse_namesakes


def distribution(site: Path, name: str, **files: str) -> None:
    folder = site / f"{name}.dist-info"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text)


def test_this_environment_is_ours_alone() -> None:
    refuse_namesakes()


def test_every_package_of_ours_is_guarded() -> None:
    packages = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - {
        "deploy",
        "tests",
        "benchmarks",
    }
    assert packages <= set(OURS)


@pytest.mark.parametrize(
    "files",
    [
        {"RECORD": "openai_agents/x.py,,\nagents/__init__.py,sha256=abc,12\n"},
        {"RECORD": "agents.py,sha256=abc,12\n"},
        {"RECORD": "", "top_level__txt": "something\nagents\n"},
        {"top_level__txt": "agents"},
        {"top_level__txt": "agents\r\n"},
    ],
)
def test_a_stranger_is_named_with_what_it_brings(tmp_path: Path, files: dict[str, str]) -> None:
    distribution(tmp_path, "openai_agents-0.2.9", **files)
    with pytest.raises(StartupRefused, match=r"agents is installed by openai_agents-0\.2\.9") as refused:
        refuse_namesakes([str(tmp_path)])
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize(
    "files",
    [
        {"RECORD": "my/agents/__init__.py,,\nagents_sdk/__init__.py,,\ndb.sqlite,,\n"},
        {"RECORD": "", "top_level__txt": "agents_sdk\napi2\n"},
        {"METADATA": "Name: agents\n"},
    ],
)
def test_similar_names_are_no_namesakes(tmp_path: Path, files: dict[str, str]) -> None:
    distribution(tmp_path, "similar-1.0", **files)
    refuse_namesakes([str(tmp_path), str(tmp_path / "missing")])


def test_our_own_distribution_may_have_our_names(tmp_path: Path) -> None:
    distribution(tmp_path, "open_outcry-0.1.0", RECORD="agents/__init__.py,,\n")
    refuse_namesakes([str(tmp_path)])


def test_a_process_whose_path_leads_elsewhere_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").touch()
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
    program += "from wire.namesakes import refuse_namesakes; refuse_namesakes()"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert f"api is imported from {tmp_path}" in ended.stderr


def test_it_costs_every_process_next_to_nothing() -> None:
    def once() -> float:
        started = time.process_time()
        refuse_namesakes()
        return time.process_time() - started

    assert min(once() for _ in range(5)) < 0.030
