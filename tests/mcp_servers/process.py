"""A server as a process of its own, over HTTP and over stdio."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from mcp import StdioServerParameters


@contextmanager
def over_http(server: str, home: Path, *arguments: str, **more: str) -> Iterator[str]:
    """The URL of ``mcp_servers.{server}`` over ``home``, answering; ``more`` is its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*_command(server, home), "--port", str(port), *arguments]
    process = subprocess.Popen([sys.executable, *command], env=_environment(more))
    try:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except (URLError, OSError):
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)


def over_stdio(server: str, home: Path, **more: str) -> StdioServerParameters:
    """How a client starts it for itself."""
    command = [*_command(server, home), "--stdio"]
    return StdioServerParameters(command=sys.executable, args=command, env=_environment(more))


def _command(server: str, home: Path) -> list[str]:
    return ["-m", f"mcp_servers.{server}", "--home", str(home)]


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")} | more
