"""What keeps a floor from entering anything, and how each of it is lifted, in words for its operator."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from db.reads.latches import Reached

RESET = '`outcry risk reset-breaker --reason "…"`'


def halts_told(
    halts: Mapping[str | None, Mapping[str, Any]], kill_file: Path, *, latched: bool = False
) -> list[str]:
    """A line for each halt, the kill file's included when nobody has heeded it yet. ``latched``: a loss limit stands."""
    there = kill_file.exists()
    lines = [
        _halt(symbol, halt, kill_file if there else None, latched=latched) for symbol, halt in halts.items()
    ]
    if there and None not in halts:
        lines.append(
            f"HALTED everything by the file {kill_file}. Lifted by: {_lifting(None, kill_file, resets=False)}"
        )
    return lines


def latches_told(latches: Iterable[Reached]) -> list[str]:
    """A line for each loss limit that was reached and not reset."""
    return [
        f"{one.symbol} enters nothing: {one.rule} was {one.latch.value} in record {one.latch.seq}, its limit "
        f"{one.latch.limit}. Lifted by: {RESET}"
        for one in latches
    ]


def _halt(symbol: str | None, halt: Mapping[str, Any], kill_file: Path | None, *, latched: bool) -> str:
    what = f"HALTED {symbol or 'everything'} since {halt['at']} by {halt['by']} ({halt['source']}): {halt['reason']}"
    file = kill_file if symbol is None else None
    what = "".join(letter if letter.isprintable() else " " for letter in what)  # somebody typed the reason
    resets = latched and halt["source"] == "breaker"
    return f"{what}. Only orders that reduce risk pass. Lifted by: {_lifting(symbol, file, resets=resets)}"


def _lifting(symbol: str | None, kill_file: Path | None, *, resets: bool) -> str:
    if resets:
        words = RESET
    else:
        which = "" if symbol is None else f"--symbol {symbol} "
        words = f'`outcry unhalt {which}--reason "…"`'
    return words if kill_file is None else f"removing {kill_file}, then {words}"
