"""Real API processes over one database, for tests of what holds across them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.api.test_process import free_port

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Api:
    """One of them."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self, event: str) -> int:
        """How often its log has an event."""
        return self.log.read_text().count(f'"event": "{event}"')


@contextmanager
def api(url: str, folder: Path, **env: str) -> Iterator[Api]:
    """``python -m api`` until the end of the block, if nobody ends it before."""
    port = free_port()
    log = folder / f"api-{port}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    command = [sys.executable, "-m", "api", "--port", str(port), "--home", str(folder), "--database-url", url]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env={**clean, **env}, stdout=out, stderr=out)
    made = Api(f"127.0.0.1:{port}", process, log)
    try:
        deadline = monotonic() + 40
        while True:
            try:
                httpx.get(f"http://{made.address}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None and monotonic() < deadline, log.read_text()
                sleep(0.05)
        yield made
    finally:
        process.kill()
        process.wait()
