"""``python -m api`` as a process: help, start, answer, stop; and what it refuses."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from api.server import face_from_environment
from openoutcry.errors import BadConfig
from tests.api.conftest import TOKENS

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*arguments: str, **env: str) -> subprocess.Popen:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OUTCRY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "api", *arguments], cwd=ROOT, env={**clean, **env},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_help_is_quick_and_names_the_options():
    process = start("--help")
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    for option in ("--port", "--host", "--home", "--database-url"):
        assert option in out


def test_it_starts_answers_and_stops(lived_database, tmp_path):
    port = free_port()
    process = start("--port", str(port), "--home", str(tmp_path), "--database-url", lived_database)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": TOKENS["viewer"]}
        ) as client:
            deadline = monotonic() + 30
            while True:
                try:
                    assert client.get("/api/v1/health").json()["status"] == "healthy"
                    break
                except httpx.TransportError:
                    assert process.poll() is None and monotonic() < deadline, (
                        process.stderr and process.stderr.read()
                    )
                    sleep(0.05)
            assert client.get("/api/v1/sessions").json()["count"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) in (0, -signal.SIGTERM)
        assert process.stdout.read() == ""
    finally:
        process.kill()


def test_it_loads_nothing_that_only_backtests_and_exchanges_need():
    heavy = "numba scipy sklearn pandas pyarrow ccxt optuna procrastinate hmmlearn"
    code = f"import sys, api.server; sys.exit(' '.join(n for n in {heavy.split()} if n in sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert process.stderr.strip() == ""


def test_without_a_database_it_says_what_to_do(tmp_path):
    process = start("--home", str(tmp_path))
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--database-url" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("value", ["x", "0", "-1", "1e99"])
def test_an_unreadable_limit_is_refused(monkeypatch, value):
    monkeypatch.setenv("OUTCRY_API_RATE", value)
    with pytest.raises(BadConfig, match="OUTCRY_API_RATE"):
        face_from_environment()


def test_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("OUTCRY_API_RATE", "7")
    monkeypatch.setenv("OUTCRY_API_BURST", "9")
    monkeypatch.setenv("OUTCRY_CORS_ORIGINS", "https://a.example, https://b.example")
    face = face_from_environment()
    assert (face.limits.per_key.per_s, face.limits.per_key.burst) == (7, 9)
    assert face.origins == ("https://a.example", "https://b.example")
