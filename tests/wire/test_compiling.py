"""What one process compiled the next one loads, also where the installation cannot be written to."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wire import compiling
from wire.compiling import ROOT, VARIABLE, keep_kernels

RUN = """
import json
from deploy.warm import main
main()
from openoutcry.backtest.kernel import averages, checks, curve, many, one, ranges, strength
loops = [averages.sma_crossings, averages.sma_states, checks.fine, curve.equity_curve, many.run_many,
         one.run_one, ranges.blend, ranges.wilder_atr, strength.rsi_flags]
print(json.dumps({loop.__name__: [sum(loop.stats.cache_hits.values()), sum(loop.stats.cache_misses.values())] for loop in loops}))
"""


def test_a_second_process_compiles_nothing():
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", RUN], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert set(map(tuple, json.loads(done.stdout).values())) == {(1, 0)}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An installation with one kernel compiled, and no folder chosen yet."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "numba")
    source = tmp_path / "tree" / "openoutcry" / "backtest" / "kernel"
    source.mkdir(parents=True)
    (source / "one.py").write_text("1")
    return tmp_path / "tree"


def installed(tree: Path) -> Path:
    """Put a compiled kernel into the tree."""
    folder = tree / ".cache" / "numba" / compiling.version(tree) / "kernel_x"
    folder.mkdir(parents=True)
    (folder / "one.run.py311.1.nbc").write_bytes(b"code")
    return folder.parent


def test_the_tree_keeps_them_where_it_can(tree, tmp_path):
    assert keep_kernels(tmp_path / "home", tree) == tree / ".cache" / "numba" / compiling.version(tree)
    assert os.environ[VARIABLE].startswith(str(tree))


def test_any_compiled_source_changes_the_folder(tree, tmp_path, monkeypatch):
    first = keep_kernels(tmp_path / "home", tree)
    monkeypatch.delenv(VARIABLE)
    (tree / "openoutcry" / "backtest" / "kernel" / "orders.py").write_text("2")
    assert keep_kernels(tmp_path / "home", tree) != first


def test_a_tree_that_cannot_be_written_to_is_copied_from(tree, tmp_path, monkeypatch):
    folder = installed(tree)
    monkeypatch.setattr(tempfile, "TemporaryFile", _refusing(tree))
    home = tmp_path / "home"
    chosen = keep_kernels(home, tree)
    assert chosen == home / "cache" / "numba" / folder.name
    assert (chosen / "kernel_x" / "one.run.py311.1.nbc").read_bytes() == b"code"


def test_nothing_can_be_written_to_but_a_folder_of_its_own(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", _refusing(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    chosen = keep_kernels(tmp_path / "home", tree)
    assert chosen.stat().st_mode & 0o077 == 0


def test_a_folder_that_was_chosen_outside_wins(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert keep_kernels(tmp_path) == tmp_path / "mine"


def test_floor_processes_and_light_commands_load_no_compiler():
    modules = "api.app, orchestrator.bootstrap, outcry.commands.backtest, outcry.commands.jobs, workers.serve, mcp_servers.entry"
    code = f"import sys, {modules}; print([name for name in ('numba', 'scipy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _refusing(below: Path):
    real = tempfile.TemporaryFile

    def temporary_file(*, dir: Path):
        if dir.is_relative_to(below):
            raise PermissionError(13, "Read-only file system", str(dir))
        return real(dir=dir)

    return temporary_file
