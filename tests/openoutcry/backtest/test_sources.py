"""A kernel is compiled anew when anything it was compiled from changes, also in another file."""

import importlib.util
import json
import subprocess
import sys

import pytest

PARTS = """
from openoutcry.backtest.kernel.compiled import part

STEP = 2

@part
def deeper(x):
    return x + STEP

@part
def twice(x):
    return deeper(x) * 2.0
"""
WHOLE = """
from openoutcry.backtest.kernel.compiled import compiled
from parts import twice

@compiled
def run(x):
    return twice(x)
"""
ASK = """
import json
from whole import run
print(json.dumps([run(3.0), sum(run.stats.cache_hits.values())]))
"""


@pytest.fixture
def ask(tmp_path):
    """Run it in a process of its own: its result, and whether it was loaded (1) or compiled (0)."""
    (tmp_path / "whole.py").write_text(WHOLE)
    root = importlib.util.find_spec("openoutcry").submodule_search_locations[0].rpartition("/")[0]
    env = {
        "PYTHONPATH": f"{tmp_path}:{root}",
        "NUMBA_CACHE_DIR": str(tmp_path / "kept"),
        "HOME": str(tmp_path),
    }

    def asked(parts: str) -> list:
        (tmp_path / "parts.py").write_text(parts)
        done = subprocess.run(
            [sys.executable, "-B", "-c", ASK], env=env, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return asked


def test_a_change_in_a_part_or_a_constant_of_another_file_is_seen(ask):
    assert ask(PARTS) == [10.0, 0]
    assert ask(PARTS) == [10.0, 1]
    assert ask(PARTS.replace("STEP = 2", "STEP = 5")) == [16.0, 0]
    assert ask(PARTS.replace("* 2.0", "* 3.0")) == [15.0, 0]
    assert ask(PARTS) == [10.0, 1]
    assert ask(f"# a remark\n{PARTS}") == [10.0, 1]
