"""``outcry data`` in a process of its own, against a loopback exchange."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def environment(url: str) -> dict[str, str]:
    """Enough to run, and where the exchange is."""
    return {"PATH": os.environ["PATH"], "OUTCRY_CCXT_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}


def command(home: Path, *words: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "outcry", "data", *words, "--home", str(home)]


async def outcry(home: Path, url: str, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *command(home, *words), cwd=ROOT, env=environment(url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def told(home: Path, url: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what ``--json`` printed."""
    code, out, err = await outcry(home, url, *words, "--json")
    assert out, err
    return code, json.loads(out)
