"""docs/backtests.md names every reason, every switch and its values, as they are."""

import re
import typing
from pathlib import Path

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.reasons import Denied, Exit

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "backtests.md").read_text()


def table(heading: str) -> set[str]:
    """The quoted words in the first column of the table under a heading."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`(\w+)`", row)}


def test_reasons():
    assert table("Why a trade ended") == {reason.name for reason in Exit}
    assert table("Why an entry was denied") == {reason.name for reason in Denied}


def test_switches():
    hints = typing.get_type_hints(FillModel)
    names = set(FillModel.model_fields)
    assert table("Switches") == names
    for name in names:
        (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", PAGE, re.MULTILINE)
        told = [value for value in typing.get_args(hints[name]) if f"`{value}`" in row]
        assert told == list(typing.get_args(hints[name]))
