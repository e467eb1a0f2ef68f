"""C4: no line has a secret that this process read, nor one of those that the floor gives out."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from openoutcry.errors import BadConfig
from wire import concealing, logs
from wire.concealing import INSTEAD, conceal, concealed, password_of

ROOT = Path(__file__).resolve().parents[2]
SECRET = 'canary/4711+"0f1e'
CRASH = """
import pathlib, sys
from wire import logs
from wire.concealing import conceal
conceal(("canary-4711-0f1e",))
logs.configure("crash", pathlib.Path(sys.argv[1]), own_output=True)
print("printed canary-4711-0f1e")
raise RuntimeError("no canary-4711-0f1e here")
"""


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concealing, "_known", [])


def test_c4_whoever_writes_a_line_and_however_it_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_LOG_LEVEL", "DEBUG")
    conceal((SECRET, None, "short"))
    logs.configure("test", tmp_path)
    structlog.get_logger().debug("signed", key=SECRET, url="?key=canary%2F4711%2B%220f1e&x=short")
    logging.getLogger("a.library").debug("> X-MBX-APIKEY: %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("a.library").exception("failed")
    text = (tmp_path / "test.log").read_text()
    assert "canary" not in text and text.count(INSTEAD) == 5 and "short" in text
    assert len([json.loads(line) for line in text.splitlines()]) == 4


@pytest.mark.parametrize(
    "token",
    ["oot1.eyJhIjoxfQ.c2ln", "oor1.eyJhc19vZiI6IjIwMjMifQ.eyJleGVjdXRpb24iOiJ4In0", "oo_" + "a2b3" * 8, "oor_" + "aB-_" * 8,
     "oot_" + "aB-_" * 8, "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"],
)  # fmt: skip
def test_c4_what_the_floor_gives_out_is_known_by_its_form(token: str) -> None:
    assert concealed(f"Authorization: Bearer {token}; next") == f"Authorization: Bearer {INSTEAD}; next"


def test_what_only_looks_a_little_like_it_stays() -> None:
    plain = "oo-6b1c2f1e4a43 lease orchestrator token 7, oo_short, eyJustAWord.no"
    assert concealed(plain) == plain


def test_c4_a_crash_and_a_print_are_lines_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    text = (tmp_path / "crash.log").read_text()
    assert done.returncode == 1 and "canary" not in text + done.stdout + done.stderr
    assert "printed [secret]" in text and "RuntimeError: no [secret] here" in text


def test_c1_a_level_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BadConfig, match="OUTCRY_LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR"):
        logs.asked_level({"OUTCRY_LOG_LEVEL": "debug "})
    assert [logs.asked_level(env) for env in ({}, {"OUTCRY_LOG_LEVEL": ""})] == ["INFO", "INFO"]


def test_a_password_is_found_in_its_address() -> None:
    assert password_of("postgresql://me:canary-4711@127.0.0.1/x") == "canary-4711"
    assert [password_of(url) for url in (None, "postgresql://127.0.0.1/x", "http://[bad")] == [None] * 3
