"""What ``make check`` says of tests that failed in company."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import check

TESTS = """
from pathlib import Path

def test_first_time_only():
    been = Path(__file__).with_name("been")
    there = been.exists()
    been.touch()
    assert there

def test_always():
    assert {always}

def test_never():
    pass
"""


@pytest.fixture
def failed(tmp_path: Path, monkeypatch):
    """A project whose tests ran once; ``always`` says whether one of them ever holds."""

    def make(always: str) -> None:
        (tmp_path / "test_it.py").write_text(TESTS.format(always=always))
        command = [sys.executable, "-m", "pytest", "-q"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "LAST_FAILED", tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed")
    return make


def test_a_second_failure_names_exactly_those_that_failed_again(failed, capsys):
    failed("False")
    assert not check.alone()
    said = capsys.readouterr().out
    assert "once more, alone: test_it.py::test_always, test_it.py::test_first_time_only\n" in said
    assert "failed alone too: test_it.py::test_always\n" in said
    assert "FAILED IN COMPANY ONLY: test_it.py::test_first_time_only\n" in said


def test_what_holds_alone_is_named_as_failing_in_company(failed, capsys):
    failed("True")
    assert check.alone()
    said = capsys.readouterr().out
    assert "FAILED IN COMPANY ONLY: test_it.py::test_first_time_only\n" in said and "alone too" not in said


def test_nothing_failed_is_nothing_to_try_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check, "LAST_FAILED", tmp_path / "none")
    assert not check.alone() and capsys.readouterr().out == ""
