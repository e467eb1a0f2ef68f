"""A server starts, answers with a password only, stops, and starts again with what it had."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, running_url
from tests.db.embedded.asking import ask
from tests.db.embedded.hosting import gone, hosted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "a home with spaces"


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, durable=False)
    yield server
    server.stop()


def test_one_life(server: EmbeddedPostgres, home: Path) -> None:
    assert running_url(home) is None
    url = server.start()
    assert server.alive()
    assert running_url(home) == url
    assert server.start() == url

    assert ask(url, "CREATE EXTENSION vector", "SELECT '[1,2]'::vector <-> '[1,3]'") == [(1.0,)]
    assert ask(url, "SELECT current_user, current_database()") == [("outcry", "outcry")]
    ask(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7) RETURNING n")

    pid = server.pid
    assert pid is not None
    server.stop()
    server.stop()
    assert gone(pid)
    assert (server.pid, server.alive(), running_url(home)) == (None, False, None)

    assert server.start() == url, "port and password are kept"
    assert ask(url, "SELECT n FROM kept") == [(7,)]


def test_settings(server: EmbeddedPostgres) -> None:
    url = server.start()
    names = ("listen_addresses", "unix_socket_directories", "shared_buffers", "jit", "huge_pages", "TimeZone")
    shown = [ask(url, f"SHOW {name}")[0][0] for name in names]
    assert shown == ["127.0.0.1", "", "64MB", "off", "off", "UTC"]
    assert ask(
        url, "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = 'outcry'"
    ) == [("UTF8", "C")]


def test_a_durable_server_syncs(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home")
    try:
        url = server.start()
        assert [
            ask(url, f"SHOW {name}")[0][0] for name in ("fsync", "synchronous_commit", "full_page_writes")
        ] == ["on"] * 3
    finally:
        server.stop()


def test_the_password_is_needed_and_kept_private(server: EmbeddedPostgres, home: Path) -> None:
    url = server.start()
    password = urlsplit(url).password
    assert password is not None
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(url.replace(password, "guess"), "SELECT 1")
    holders = [path for path in home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert {path.name for path in holders} == {"password", "postgres.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}


def test_a_second_process_is_refused(server: EmbeddedPostgres, home: Path) -> None:
    url = server.start()
    with hosted(home) as other:
        assert "already runs the database" in str(other.said["error"])
    assert ask(url, "SELECT 1") == [(1,)]
    server.stop()
    with hosted(home) as other:
        assert other.url == url


def test_a_second_server_object_is_refused(server: EmbeddedPostgres, home: Path) -> None:
    server.start()
    with pytest.raises(EmbeddedPostgresError, match="already runs"):
        EmbeddedPostgres(home, durable=False).start()
    assert server.alive()


def test_a_taken_port_is_left_to_its_owner(server: EmbeddedPostgres, home: Path, tmp_path: Path) -> None:
    first = server.start()
    other = EmbeddedPostgres(tmp_path / "other", durable=False)
    try:
        other.start()
        other.stop()
        info = tmp_path / "other" / "run" / "postgres.json"
        wanted = urlsplit(first).port
        info.write_text(json.dumps(json.loads(info.read_text()) | {"port": wanted}))
        assert urlsplit(other.start()).port != wanted
    finally:
        other.stop()


def test_a_long_log_is_put_aside(server: EmbeddedPostgres, home: Path) -> None:
    log = home / "logs" / "postgres.log"
    log.parent.mkdir(parents=True)
    log.write_text("x" * 9_000_000)
    server.start()
    assert log.with_name("postgres.log.1").stat().st_size == 9_000_000
    assert log.stat().st_size < 100_000


def test_an_interrupted_making_is_made_again(server: EmbeddedPostgres, home: Path) -> None:
    draft = home / "postgres" / "making-1"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    assert ask(server.start(), "SELECT 1") == [(1,)]
    assert not draft.exists()


def test_a_broken_cluster_says_what_the_server_said(server: EmbeddedPostgres, home: Path) -> None:
    server.start()
    server.stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError, match="not compatible"):
        server.start()
    (home / "postgres" / "data" / "PG_VERSION").write_text("18\n")
    assert ask(server.start(), "SELECT 1") == [(1,)]
