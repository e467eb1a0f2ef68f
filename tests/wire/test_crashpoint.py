"""Where a process kills itself when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from wire.crashpoint import VARIABLE

PROGRAM = """
from wire.crashpoint import crashpoint
for n in range(5):
    crashpoint("k8"); crashpoint("k9"); print(n, flush=True)
"""


def ran(value: str) -> tuple[int, int]:
    """Exit code, and how many rounds were printed."""
    env = {**os.environ, VARIABLE: value}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, len(done.stdout.split())


def test_it_dies_at_the_passing_that_the_environment_names() -> None:
    assert ran("k9@3") == (-signal.SIGKILL, 2)
    assert ran("k7@1") == ran("nonsense") == ran("") == (0, 5)


def test_a_planted_file_kills_one_process_once(tmp_path: Path) -> None:
    (tmp_path / "k9").write_text("2")
    assert ran(str(tmp_path)) == (-signal.SIGKILL, 1)
    assert not list(tmp_path.iterdir()) and ran(str(tmp_path)) == (0, 5)
