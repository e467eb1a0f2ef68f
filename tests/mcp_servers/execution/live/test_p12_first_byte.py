"""P6 and P12: a process that is stopped between its last check and an order's first byte, and wakes when all is different."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest

from db.leases import GOOD_FOR_S
from mcp_servers.execution.venues.live.first_byte import HELD_S
from mcp_servers.execution.venues.live.gateway import CHECKED_WINDOW_MS
from tests.mcp_servers.execution.floor import halted
from tests.mcp_servers.execution.live.rig import Rig
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[4]
REPLACED = "UPDATE leases SET token = token + 1, expires_at = clock_timestamp() + interval '1 minute'"


class Held:
    """The process of held.py, up to and from the moment at which it stands still."""

    def __init__(self, rig: Rig, database: str, where: str) -> None:
        words = [sys.executable, "-m", "tests.mcp_servers.execution.live.held", where, str(rig.home)]
        self._process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        told = (database, rig.gateway._access.url, rig.user.key, rig.user.secret)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    async def stands_still(self) -> None:
        deadline = monotonic() + PATIENCE_S
        while psutil.Process(self._process.pid).status() != psutil.STATUS_STOPPED:
            assert self._process.poll() is None, self._process.stderr.read()
            assert monotonic() < deadline
            await asyncio.sleep(0.02)

    async def wakes(self) -> dict[str, Any]:
        """Let it go on; what it says in the end, and what it logged."""
        self._process.send_signal(signal.SIGCONT)
        out, log = await asyncio.to_thread(self._process.communicate, timeout=PATIENCE_S)
        lines = (out + log).splitlines()
        return {**json.loads(next(line for line in lines if line.startswith("{"))), "log": out + log}

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


def orders(rig: Rig) -> list[int]:
    """The exchange's answers to orders, by status."""
    return [s for _, method, path, s in rig.running.requests if method == "POST" and path.endswith("/order")]


@pytest.mark.parametrize("meanwhile", ["halted", "replaced"])
async def test_p6_p12_stopped_right_before_its_first_byte_it_sends_what_the_exchange_refuses_as_too_old(
    rig: Rig, fresh_database: str, meanwhile: str
) -> None:
    """The signature is older than the last check: whoever stood still behind that has shown an old one."""
    held = Held(rig, fresh_database, "write_bytes")
    try:
        await held.stands_still()
        if meanwhile == "halted":
            await halted(rig.pool, "while it stood still")
        else:
            await rig.pool.execute(REPLACED)
        await asyncio.sleep(CHECKED_WINDOW_MS / 1000 + 0.3)
        said = await held.wakes()
    finally:
        held.kill()
    assert orders(rig) == [400] and rig.accepted() == []
    assert "Timestamp for this request is outside of the recvWindow" in said["log"], "-1021"
    wanted = ("REJECTED", "HALTED: while it stood still") if meanwhile == "halted" else ("FENCED", None)
    assert said["status"] == wanted[0] and wanted[1] in (said["error"], None)


def test_p6_no_one_takes_the_place_of_a_stopped_process_before_its_last_signature_is_too_old() -> None:
    renewed_at_worst = GOOD_FOR_S / 3  # before it was stopped
    assert GOOD_FOR_S - renewed_at_worst >= CHECKED_WINDOW_MS / 1000


async def test_p6_p12_stopped_between_its_last_check_and_the_writing_it_sends_nothing(
    rig: Rig, fresh_database: str
) -> None:
    held = Held(rig, fresh_database, "send")
    try:
        await held.stands_still()
        await halted(rig.pool, "while it stood still")
        await asyncio.sleep(HELD_S)
        said = await held.wakes()
    finally:
        held.kill()
    assert orders(rig) == [] and rig.accepted() == []
    assert (said["status"], "held up" in said["error"]) == ("REJECTED", True)
