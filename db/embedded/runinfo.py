"""Where the server of a home folder listens, for every other process of the floor."""

import json
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from db.embedded.cluster import DATABASE, SUPERUSER
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.layout import Layout, write_private
from db.embedded.postmaster import is_postmaster, read_pid_file

LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that kernels hand to outgoing connections: while a crashed server is down, no client (not
even one that tries to reach it) can be given its port, and it comes back at the same address."""
DRAWS = 50


@dataclass(frozen=True)
class RunInfo:
    """The file's content. It holds the password: readable by its owner only."""

    pid: int
    port: int
    url: str


def running_url(home: Path) -> str | None:
    """The URL of the server that runs in ``home``, or None when none does."""
    layout = Layout.of(home)
    info = read_run_info(layout)
    found = read_pid_file(layout.data)
    if info is None or found is None or found.pid != info.pid:
        return None
    return info.url if is_postmaster(info.pid, layout.data) else None


def read_run_info(layout: Layout) -> RunInfo | None:
    """What the last start wrote, whether or not that server still runs."""
    try:
        return RunInfo(**json.loads(layout.run_info.read_text()))
    except FileNotFoundError:
        return None


def write_run_info(layout: Layout, *, pid: int, port: int, password: str) -> RunInfo:
    info = RunInfo(pid, port, f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{port}/{DATABASE}")
    write_private(layout.run_info, json.dumps(asdict(info)))
    return info


def choose_port(preferred: int | None) -> int:
    """The port used last time when it is free, so that noted addresses stay right; else one of PORTS."""
    candidates = [] if preferred is None else [preferred]
    candidates += [PORTS[secrets.randbelow(len(PORTS))] for _ in range(DRAWS)]
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise EmbeddedPostgresError(f"no free port on {LOOPBACK} between {PORTS.start} and {PORTS.stop - 1}")
