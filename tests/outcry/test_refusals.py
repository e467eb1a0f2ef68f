"""What the command line says to what it cannot do: one line that names the matter, and an exit code that means it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outcry.__main__ import main

FAULT, USAGE = 1, 2


def told(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """Exit code and what stands on stderr."""
    monkeypatch.setattr(sys, "argv", ["outcry", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--market", "moon"], USAGE, "--market: 'moon'"),
        (["--market", "auto", "--from", "2023-13-01"], USAGE, "--from: '2023-13-01'"),
        (
            ["--market", "synthetic", "--from", "2023-02-01", "--to", "2023-01-01"],
            USAGE,
            "--from: must be before --to",
        ),
        (["--market", "synthetic", "--symbols", "nonsense"], USAGE, "--symbols: cannot read 'nonsense'"),
        (["--market", "synthetic", "--timeframe", "7h"], USAGE, "--timeframe: unknown timeframe '7h'"),
        (["--market", "synthetic", "--speed", "0"], USAGE, "--speed: '0'"),
        (
            ["--market", "live", "--exchange", "binanc"],
            USAGE,
            "ccxt knows no exchange 'binanc'; did you mean binance",
        ),
        (["--market", "auto", "--exchange", "nosuch"], USAGE, "ccxt knows no exchange 'nosuch'"),
        (["--market", "recorded"], USAGE, "no candles of binance"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, error = told(["up", "--home", str(tmp_path), "--port", "18399", *words], capsys, monkeypatch)
    assert (found, error.count("\n")) == (code, 1)
    assert said in error
    assert not (tmp_path / "postgres").exists()


def test_a_home_that_cannot_be_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        code, error = told(["up", "--home", str(home)], capsys, monkeypatch)
        assert (code, error.count("\n")) == (FAULT, 1)
        assert str(home) in error


def test_settings_that_are_a_folder_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").mkdir()
    code, error = told(["up", "--home", str(tmp_path), "--port", "18399"], capsys, monkeypatch)
    assert code == USAGE
    assert "config.yaml: cannot be read" in error


@pytest.mark.parametrize("url", ["postgresql://x:hidden@127.0.0.1:1/z", "notaurl:hidden"])
@pytest.mark.parametrize(
    "words", [["up", "--market", "synthetic", "--port", "18399"], ["explain"], ["migrate"]]
)
def test_a_database_that_does_not_answer_is_named(url: str, words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "outcry", *words, "--home", str(tmp_path)],
        env={**os.environ, "OUTCRY_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == FAULT
    assert "the database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr
