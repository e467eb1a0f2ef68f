"""A fresh copy becomes a working environment once, then costs nothing; and it copes with a moved folder."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tooling with empty locks and a stand-in for the command line, so that nothing is downloaded."""
    root = tmp_path_factory.mktemp("a fresh") / "copy of it"
    shutil.copytree(ROOT / "deploy", root / "deploy")
    shutil.copy(ROOT / "Makefile", root)
    (root / "outcry").mkdir()
    (root / "outcry" / "__init__.py").touch()
    (root / "outcry" / "__main__.py").write_text(
        "import os, sys\n\ndef main():\n"
        "    print(os.path.basename(sys.argv[0]), *sys.argv[1:], os.getcwd())\n    return 7\n"
    )
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (root / lock).touch()
    return root


def make(root: Path, *words: str, directory: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PIP_NO_INDEX": "1"}
    command = ["make", "-s", "-f", str(root / "Makefile"), *words]
    return subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def test_first_run_then_second_run(copy: Path, tmp_path: Path) -> None:
    first = make(copy, "up", "ARGS=--speed max", directory=tmp_path)
    assert "preparing a Python environment" in first.stdout.splitlines()[0]
    assert first.stdout.splitlines()[-1] == f"outcry up --speed max {tmp_path}", first.stdout + first.stderr
    assert first.returncode != 0, "the exit code of the command comes through"

    second = make(copy, "up")
    assert second.stdout == "outcry up /\n"

    (copy / "requirements.lock").write_text("\n")
    changed = make(copy, "up")
    assert "environment ready" in changed.stdout

    moved = copy.with_name("moved")
    shutil.move(copy, moved)
    again = make(moved, "up")
    assert again.stdout.splitlines()[-1] == "outcry up /", again.stdout + again.stderr


def test_without_a_usable_python_it_says_what_is_needed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    script = tmp_path / "deploy" / "with-venv.sh"
    done = subprocess.run(
        ["/bin/sh", str(script), "run", "outcry"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
