"""Whoever opens or looks at a floor that enters nothing is told so, why, and how it is lifted."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from db.reads.latches import Reached
from openoutcry.risk.latch import Latch
from outcry.screen import Screen
from outcry.standing_still import halts_told, latches_told

HALT = {"reason": "drill", "at": "2026-11-28T12:00:00+00:00", "by": "cli:me", "source": "cli", "swept": True}
UNHALT = '`outcry unhalt --reason "…"`'
RESET = '`outcry risk reset-breaker --reason "…"`'


@pytest.mark.parametrize(
    ("symbol", "source", "file", "lifted"),
    [
        (None, "cli", False, UNHALT),
        (None, "api", True, f"removing KILL, then {UNHALT}"),
        (None, "file", False, UNHALT),
        (None, "breaker, a limit", False, RESET),
        (None, "breaker, a limit", True, f"removing KILL, then {RESET}"),
        (None, "breaker", False, UNHALT),  # refusals in a row, or a lost key: nothing is latched
        ("BTC/USDT", "reconciliation", False, '`outcry unhalt --symbol BTC/USDT --reason "…"`'),
    ],
)
def test_a_halt_says_why_and_how_it_is_lifted(
    tmp_path: Path, symbol: str | None, source: str, file: bool, lifted: str
) -> None:
    kill = tmp_path / "KILL"
    if file:
        kill.touch()
    source, _, latched = source.partition(", ")
    [line] = halts_told({symbol: {**HALT, "source": source}}, kill, latched=bool(latched))
    assert line.replace(str(kill), "KILL") == (
        f"HALTED {symbol or 'everything'} since 2026-11-28T12:00:00+00:00 by cli:me ({source}): drill. "
        f"Only orders that reduce risk pass. Lifted by: {lifted}"
    )


def test_a_kill_file_that_nobody_has_heeded_yet_is_told(tmp_path: Path) -> None:
    kill = tmp_path / "KILL"
    assert halts_told({}, kill) == []
    kill.touch()
    [line] = halts_told({}, kill)
    assert line == f"HALTED everything by the file {kill}. Lifted by: removing {kill}, then {UNHALT}"


def test_a_loss_limit_that_was_reached_is_told() -> None:
    latch = Latch(value="0.051", limit="0.05", seq=7, as_of=datetime(2026, 11, 28, tzinfo=UTC))
    assert latches_told([Reached(UUID(int=1), "BTC/USDT", "max_daily_loss", latch)]) == [
        f"BTC/USDT enters nothing: max_daily_loss was 0.051 in record 7, its limit 0.05. Lifted by: {RESET}"
    ]


def test_what_somebody_typed_as_a_reason_is_shown_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = {**HALT, "reason": "[/] [bold]no\n\x1b[31m"}
    Screen().warn(*halts_told({None: typed}, tmp_path / "KILL"))
    assert "(cli): [/] [bold]no  [31m. Only" in capsys.readouterr().out
