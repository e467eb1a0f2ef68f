"""However a floor is told to end, at whatever moment, it leaves nothing behind and takes less than ten seconds."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

WITHIN_S = 10.0
Send = Callable[[int, int], None]


def of_home(home: Path) -> list[psutil.Process]:
    """Processes that work in a home: by their command line or by their children's."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home) in " ".join(process.cmdline()):
                found += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to the floor", "to all of its group"])
def test_a_floor_that_was_opening_ends_clean(tmp_path: Path, number: signal.Signals, send: Send) -> None:
    if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("hang-ups are ignored here (nohup), and a floor respects that")
    words = ["up", "--home", str(tmp_path), "--market", "synthetic", "--port", "18398"]
    with subprocess.Popen(
        [sys.executable, "-m", "outcry", *words], start_new_session=True, stdout=subprocess.DEVNULL
    ) as floor:
        running = tmp_path / "run" / "floor.json"
        deadline = monotonic() + 90.0
        while not running.exists() and monotonic() < deadline:
            sleep(0.05)
        known = of_home(tmp_path)
        began = monotonic()
        send(floor.pid, number)
        code = floor.wait(30.0)
        assert monotonic() - began < WITHIN_S
    assert code == 0
    assert len(known) > 10
    assert not [p for p in known if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not running.exists()
