"""A secret that was taken out of the environment is in no block that another process can read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wire.withdrawing import withdraw

LOOK = """
import os, subprocess, sys
from wire.withdrawing import withdraw
found = withdraw(os.environ, ("OO_FIRST", "OO_EMPTY", "OO_UNSET", "OO_LATE"))
child = subprocess.run([sys.executable, "-c", "import os; print(sorted(os.environ))"], capture_output=True, text=True)
assert found == {"OO_FIRST": "canary-4711"} and "OO_" not in child.stdout.replace("OO_KEPT", ""), (found, child)
print(open("/proc/self/environ").read().replace(chr(0), chr(10)))
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc on this system")
def test_the_kernel_shows_no_secret_that_was_taken() -> None:
    env = {**os.environ, "OO_FIRST": "canary-4711", "OO_EMPTY": "", "OO_KEPT": "plain"}
    shown = subprocess.run([sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=True)
    assert "canary" not in shown.stdout
    assert "OO_KEPT=plain" in shown.stdout.splitlines()


def test_what_this_process_set_itself_is_taken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OO_LATE", "canary-4711")
    assert withdraw(os.environ, ("OO_LATE",)) == {"OO_LATE": "canary-4711"}
    assert "OO_LATE" not in os.environ


def test_another_mapping_is_only_emptied() -> None:
    env = {"OO_FIRST": "canary-4711", "OO_KEPT": "plain"}
    assert withdraw(env, ("OO_FIRST", "OO_UNSET")) == {"OO_FIRST": "canary-4711"}
    assert env == {"OO_KEPT": "plain"}


def test_c4_whoever_held_secrets_leaves_no_core_file_nor_do_its_children() -> None:
    child = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    script = (
        "import os, subprocess, sys; from wire.withdrawing import withdraw; withdraw(os.environ, ('A_SECRET',));"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    env = {**os.environ, "A_SECRET": "x"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0)\n"
