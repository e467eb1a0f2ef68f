"""C1 and C2 at the command line: what is wrong is named in one line, no secret is said again, and nothing was made."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.outcry.test_refusals import FAULT, USAGE, told

CANARY = "canary-4711"
ROOT = Path(__file__).resolve().parents[2]
UP = ["up", "--market", "synthetic", "--port", "18397"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("risk: {max_drawdwn: 0.1}", "risk.max_drawdwn"),
        (f"exchange_secret: {CANARY}", "exchange_secret"),
        (f"trading: {{api_key: {CANARY}}}", "trading.api_key"),
        ("trading: {max_positions: three}", "trading.max_positions"),
        ("trading: {initial_capital: [1, 2]}", "trading.initial_capital"),
        ("risk: {max_daily_loss: -0.1}", "risk.max_daily_loss"),
        ("risk: {max_drawdown: .nan}", "risk.max_drawdown"),
        ("venue: {maintenance_margin: 0}", "venue.maintenance_margin"),
        (
            "agents: {trend: {weight: 0}, technical: {enabled: false}, risk: {weight: 0}, hedging: {weight: 0}}",
            "agents: at least one agent",
        ),
        ("trading: {mode: casino}", "trading.mode"),
        ("risk: {max_drawdown: 0.1}\nrisk: {max_drawdown: 0.9}", "'risk' is given twice"),
        ("[1, 2]", "must be a mapping"),
        ("a: [", "config.yaml"),
        ("a: \x00", "config.yaml"),
    ],
)
def test_c1_a_wrong_setting_stops_the_start_by_name(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    code, error = told([*UP, "--home", str(tmp_path)], capsys, monkeypatch)
    assert code == USAGE and said in error and error.count("\n") == 1, error
    assert CANARY not in error
    assert not (tmp_path / "postgres").exists() and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--symbols", "BTC/USDT,BTC/USDT"], "--symbols: the same symbol twice"),
        (["--symbols", "BTC/USDT,btc-usdt"], "--symbols: the same symbol twice"),
        (["--live"], "trading.mode: live in config.yaml"),
    ],
)
def test_c1_what_does_not_go_together_is_refused(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, error = told([*UP, *words, "--home", str(tmp_path)], capsys, monkeypatch)
    assert code in (FAULT, USAGE) and said in error and error.count("\n") == 1, error
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("weak", ["change-me", "a" * 64, "change-me-change-me-change-me-change-me"])
def test_c2_a_weak_floor_key_stops_the_start(
    weak: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_FLOOR_KEY", weak)
    code, error = told([*UP, "--home", str(tmp_path)], capsys, monkeypatch)
    assert code in (FAULT, USAGE) and "OUTCRY_FLOOR_KEY" in error and weak not in error
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    "folder", ["run", "logs", "secrets", "postgres", "candles", "venue", "ledger", "exchanges"]
)
def test_c7_a_place_that_cannot_be_written_to_stops_the_start_by_name(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).write_text("in the way")
    code, error = told([*UP, "--home", str(tmp_path)], capsys, monkeypatch)
    assert (code, error.count("\n")) == (FAULT, 1) and str(tmp_path / folder) in error, error
    assert [path.name for path in tmp_path.iterdir()] == [folder], "nothing half-made is left"


READ_ONLY = """
mount -t tmpfs -o size=1m none "$1" && mkdir "$1/home" && mount -o remount,ro none "$1" || exit 77
shift; exec "$@"
"""


def test_c7_a_read_only_file_system_stops_the_start_by_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    up = [sys.executable, "-m", "outcry", *UP, "--home", str(home)]
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh", str(tmp_path), *up]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=200, cwd=ROOT)
    except FileNotFoundError:
        pytest.skip("no unshare on this machine: nothing can be mounted")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, "Traceback" in done.stderr) == (FAULT, False)
    assert str(home) in last and ("not writable" in last or "Read-only file system" in last)


def test_c7_a_name_that_no_disk_takes_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, error = told([*UP, "--home", str(tmp_path / ("x" * 300))], capsys, monkeypatch)
    assert (code, error.count("\n")) == (FAULT, 1) and "too long" in error
