"""Every row on language models in the catalogue of faults (L1 to L8) has tests that name it: ``pytest -k _l5_``."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"^(?:async )?def test_((?:l\d_)+)", re.MULTILINE)


@pytest.mark.parametrize("row", [f"l{number}" for number in range(1, 9)])
def test_a_row_is_named_by_tests(row: str) -> None:
    found = [
        names
        for path in TESTS.rglob("test_*.py")
        for names in NAMED.findall(path.read_text(encoding="utf-8"))
        if row in names.strip("_").split("_")
    ]
    assert len(found) >= 2, row
