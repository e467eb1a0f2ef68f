"""P2: two copies of one agent: the second finds its place taken, says so and ends; votes stay one per agent."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

from tests.agents.test_fifth_agent import FLOOR_KEY, free_port, listening
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


async def trend(home: Path, port: int) -> Process:
    """One ``python -m agents trend``."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OUTCRY_FLOOR_KEY": FLOOR_KEY}
    env |= {f"OUTCRY_ENDPOINT_{name}": "http://127.0.0.1:9/mcp" for name in ("MARKET", "INDICATORS", "RISK")}
    words = ("-m", "agents", "trend", "--port", str(port), "--home", str(home))
    return await asyncio.create_subprocess_exec(sys.executable, *words, env=env, stdout=PIPE, stderr=STDOUT)


async def test_p2_the_second_copy_says_that_its_place_is_taken_and_the_first_goes_on(tmp_path: Path) -> None:
    port = free_port()
    first = await trend(tmp_path, port)
    try:
        await listening(port)
        second = await trend(tmp_path, port)
        said, _ = await asyncio.wait_for(second.communicate(), PATIENCE_S)
        assert second.returncode not in (0, None)
        assert b"address already in use" in said and b"Traceback" not in said
        await listening(port)
        assert first.returncode is None
    finally:
        first.terminate()
        await first.communicate()
