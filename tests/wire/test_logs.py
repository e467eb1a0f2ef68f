"""A log that cannot be written loses lines and never what was to be logged about."""

import io
import json
import logging
import sys
from pathlib import Path

import structlog

from wire import logs


class Mute:
    """A value whose text cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


class Full(io.StringIO):
    """A disk that is full until it is not."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_closed_standard_error_is_no_crash_and_the_next_one_is_used(monkeypatch) -> None:
    closed, opened = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    logs.configure("test")
    closed.close()
    structlog.get_logger().error("unheard", number=1)
    logging.getLogger("a.library").error("unheard too")
    monkeypatch.setattr(sys, "stderr", opened)
    structlog.get_logger().error("heard", number=2)
    lost, heard = lines(opened.getvalue())
    assert lost["event"] == "log_lines_lost" and lost["count"] >= 2
    assert (heard["event"], heard["number"], heard["process"]) == ("heard", 2, "test")


def test_p14_a_full_disk_is_no_crash_and_what_was_lost_is_counted(monkeypatch) -> None:
    disk = Full()
    monkeypatch.setattr(sys, "stderr", disk)
    logs.configure("test")
    for number in range(3):
        structlog.get_logger().warning("order", number=number)
    disk.full = False
    structlog.get_logger().warning("order", number=3)
    assert [(one["event"], one.get("number")) for one in lines(disk.getvalue())] == [
        ("log_lines_lost", None),
        ("order", 3),
    ]


def test_a_value_without_words_is_no_crash(tmp_path: Path) -> None:
    logs.configure("test", tmp_path)
    round_about: dict[str, object] = {}
    round_about["self"] = round_about
    for value in (Mute(), {("a", "key"): 1}, round_about, "\ud800"):
        structlog.get_logger().error("odd", value=value)
    assert [one["event"] for one in lines((tmp_path / "test.log").read_text())] == ["odd"] * 4


def test_c6_line_breaks_and_terminal_codes_stay_text(tmp_path: Path) -> None:
    logs.configure("test", tmp_path)
    forged = 'BTC\r\n{"event": "order_approved", "level": "info"}\n\x1b[2J\x1b]0;title\x07\u2028\x00'
    structlog.get_logger().warning(forged, symbol=forged)
    logging.getLogger("a.library").error("asked for %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        structlog.get_logger().exception("failed", symbol=forged)
        logging.getLogger("a.library").exception("failed with %s", forged)
    text = (tmp_path / "test.log").read_bytes().decode()
    assert (
        text.count("\n") == 4 and not [c for c in text if ord(c) < 32 and c != "\n"] and "\u2028" not in text
    )
    first, second, third, fourth = lines(text)
    assert first["event"] == first["symbol"] == forged
    assert (second["event"], second["logger"], second["level"]) == (
        f"asked for {forged}",
        "a.library",
        "error",
    )
    assert third["event"] == "failed" and "ValueError" in fourth["exception"]
    assert {one["process"] for one in (first, second, third, fourth)} == {"test"}
