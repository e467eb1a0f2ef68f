"""P9 on a disk that is truly full: of the files of the database, and of its journal, without which it cannot even start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = "130m"
"""Twice what an empty database takes."""
MOUNTED = f'mount -t tmpfs -o size={SIZE},mode=755 none "$1" || exit 77; shift; exec "$@"'
AS_ROOT = ["unshare", "--mount", "sh", "-c", MOUNTED, "sh"]
AS_ANYONE = ["unshare", "--map-root-user", *AS_ROOT[1:]]
AGAIN_MYSELF = ["unshare", "--user", f"--map-user={os.geteuid()}"]
"""Postgres refuses root, even that of a namespace."""


def test_p9_on_a_full_disk_nothing_unwritten_is_sent_and_the_floor_comes_back_by_itself(
    tmp_path: Path,
) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    disk.mkdir()
    home.mkdir()
    run = [sys.executable, "-m", "tests.mcp_servers.execution.small_disk", str(home), str(disk)]
    words = [*AS_ROOT, str(disk), *run] if os.geteuid() == 0 else [*AS_ANYONE, str(disk), *AGAIN_MYSELF, *run]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=400)
    except FileNotFoundError:
        pytest.skip("no unshare on this machine: nothing can be mounted")
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["before"], found["bulk"], found["full"]) == ("FILLED", "DISK_FULL", "INTERNAL")
    assert found["no_journal"] in ("DEADLINE", "INTERNAL", "UNREACHABLE"), "nothing is sent while it is dead"
    assert found["room"] == "FILLED"
    for agree in (found["agree"], found["agree_again"]):
        assert agree["venue"] == agree["rows"] > 0
    died, why, back = found["said"]
    assert died == "postgres: died, starting again" and back == "postgres: ready"
    assert "does not start, trying again: could not write to file" in why and "No space left on device" in why
