"""Kill -9 anything: committed rows stay, and no server is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres, running_url
from db.embedded.account import account_for
from db.embedded.binaries import locate
from db.embedded.layout import Layout
from db.embedded.options import server_options
from db.embedded.postmaster import read_pid_file
from db.embedded.runinfo import read_run_info
from tests.db.embedded.asking import ask
from tests.db.embedded.hosting import eventually, gone, hosted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home)
    yield server
    server.stop()


def kill(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: not server.alive())


def test_committed_rows_outlive_a_killed_server(server: EmbeddedPostgres, home: Path) -> None:
    url = server.start()
    ask(url, "CREATE TABLE kept (n int)", "SELECT 1")
    for round_ in range(3):
        ask(url, *[f"INSERT INTO kept VALUES ({round_ * 10 + n})" for n in range(10)], "SELECT 1")
        kill(server)
        assert eventually(lambda: running_url(home) is None)
        assert server.start() == url, "clients find it where it was"
        assert ask(url, "SELECT count(*), max(n) FROM kept") == [((round_ + 1) * 10, round_ * 10 + 9)]


def test_a_killed_server_with_a_busy_backend_comes_back(server: EmbeddedPostgres) -> None:
    url = server.start()
    busy = threading.Thread(target=_sleep_in_the_server, args=(url,))
    busy.start()
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
    assert eventually(lambda: ask(url, sleeping) == [(1,)])
    kill(server)
    assert ask(server.start(), "SELECT 1") == [(1,)]
    busy.join(10)
    assert not busy.is_alive()


def _sleep_in_the_server(url: str) -> None:
    with pytest.raises((OSError, asyncpg.PostgresConnectionError)):
        ask(url, "SELECT pg_sleep(60)")


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_killed_owner_leaves_no_server(home: Path) -> None:
    with hosted(home) as owner:
        ask(owner.url, "CREATE TABLE kept AS SELECT 1 AS n", "SELECT 1")
        owner.process.kill()
        assert eventually(lambda: gone(owner.server_pid), 6)
    log = (home / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log, "it ended in order, not by being killed"
    with hosted(home) as owner:
        assert ask(owner.url, "SELECT n FROM kept") == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_server_started_from_a_passing_thread_stays(server: EmbeddedPostgres) -> None:
    started = threading.Thread(target=server.start)
    started.start()
    started.join()
    assert not eventually(lambda: not server.alive(), 0.5)


def test_a_leftover_server_is_taken_over(server: EmbeddedPostgres, home: Path) -> None:
    url = server.start()
    ask(url, "CREATE TABLE kept AS SELECT 1 AS n", "SELECT 1")
    server.stop()
    leftover = _run_without_owner(home)
    try:
        assert eventually(lambda: ask(url, "SELECT n FROM kept") == [(1,)])
        again = server.start()
        assert leftover.wait(5) is not None
        assert server.pid != leftover.pid
        assert ask(again, "SELECT n FROM kept") == [(1,)]
    finally:
        leftover.kill()
        leftover.wait()


def _run_without_owner(home: Path) -> subprocess.Popen[bytes]:
    """A server on the cluster as a killed owner would leave one where there is no parent-death signal."""
    layout = Layout.of(home)
    info = read_run_info(layout)
    assert info is not None
    command = account_for(layout.data).command(
        locate(os.environ) / "postgres", "-D", str(layout.data), *server_options(port=info.port, durable=True)
    )
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    assert eventually(lambda: (found := read_pid_file(layout.data)) is not None and found.ready)
    return process


def test_a_pid_file_naming_a_stranger_is_no_obstacle(server: EmbeddedPostgres, home: Path) -> None:
    server.start()
    kept = home / "postgres" / "data" / "postmaster.pid"
    saved = kept.with_name("saved")
    shutil.copy(kept, saved)
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        lines = saved.read_text().splitlines()
        kept.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        if os.geteuid() == 0:
            os.chown(kept, kept.parent.stat().st_uid, kept.parent.stat().st_gid)
        assert running_url(home) is None
        assert ask(server.start(), "SELECT 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
