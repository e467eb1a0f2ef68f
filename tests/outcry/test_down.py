"""``outcry down`` returns when the floor is gone, not when it says that it is going."""

import subprocess
import sys
from pathlib import Path
from time import monotonic

import psutil
import pytest

from outcry import runfile
from outcry.commands.down import down

STUBBORN = """
import pathlib, signal, sys, time
def leave(*_):
    pathlib.Path(sys.argv[1]).unlink()
    time.sleep(1.0)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True:
    signal.pause()
"""


def test_it_waits_for_the_last_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, "-c", STUBBORN, str(runfile.path_of(tmp_path))]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as floor:
        assert floor.stdout is not None and floor.stdout.readline() == b"ready\n"
        born = psutil.Process(floor.pid).create_time()
        runfile.write(
            tmp_path,
            runfile.RunFile(
                pid=floor.pid, born=born, version="0", address="", market="synthetic", ports={}, pids={}
            ),
        )
        down(home=tmp_path, as_json=False)
        assert psutil.Process(floor.pid).status() == psutil.STATUS_ZOMBIE
    assert "floor closed" in capsys.readouterr().out


def test_no_floor_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = monotonic()
    down(home=tmp_path, as_json=True)
    assert capsys.readouterr().out == '{"stopped": false}\n'
    assert monotonic() - began < 1.0
