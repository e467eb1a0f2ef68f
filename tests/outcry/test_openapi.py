"""``outcry openapi``: the document without a database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from outcry.__main__ import main


def outcry(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a person calls it, with no floor and no database to be found."""
    command = [Path(sys.executable).with_name("outcry"), "openapi", *arguments]
    env = {"PATH": os.environ["PATH"], "OUTCRY_HOME": str(folder / "nothing")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_document_is_written_as_json_and_as_yaml(tmp_path: Path) -> None:
    printed = outcry(folder=tmp_path)
    assert printed.returncode == 0, printed.stderr
    made = json.loads(printed.stdout)
    assert made["openapi"].startswith("3.1") and "/api/v1/orders" in made["paths"]

    done = outcry("--output", "api.yaml", "--yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    in_c = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert yaml.load((tmp_path / "api.yaml").read_text(), Loader=in_c) == made
    assert [path.name for path in tmp_path.iterdir()] == ["api.yaml"]


def test_a_place_that_cannot_be_written_is_named(monkeypatch, capsys, tmp_path: Path) -> None:
    for place in (tmp_path / "no" / "such.json", tmp_path):
        monkeypatch.setattr(sys, "argv", ["outcry", "openapi", "--output", str(place)])
        try:
            main()
        except SystemExit as ended:
            assert ended.code == 2
        assert "--output" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
