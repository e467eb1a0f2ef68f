"""Every row of the catalogue of faults has a test that names it and always runs; no test names a row that is not there."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = tomllib.loads((Path(__file__).parent / "reliability.toml").read_text())
ROWS = {row for group in TABLE.values() if isinstance(group, dict) for row in group}
NAMED = re.compile(r"(?<![a-z0-9])([acelp])([0-9]{1,2})(?![a-z0-9])", re.IGNORECASE)
OTHER_TABLES = ("tests/api/walk/",)
"""Rows of the contract's table of contradictions go by C1 to C24 too."""


def functions() -> Iterator[tuple[str, str, bool]]:
    """(file, name, whether it always runs) of every test function."""
    for path in sorted(TESTS.rglob("test_*.py")):
        file = str(path.relative_to(TESTS.parent))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                marks = " ".join(ast.unparse(one) for one in node.decorator_list)
                yield file, node.name, "mark.skip" not in marks


def rows_of(name: str) -> set[str]:
    """The rows that open a test's name: ``test_e1_e2_what…`` names E1 and E2."""
    found = set()
    for word in name.removeprefix("test_").split("_"):
        matched = NAMED.fullmatch(word)
        if matched is None:
            break
        found.add(f"{matched[1].upper()}{int(matched[2])}")
    return found


def named() -> dict[str, list[str]]:
    """Row → the tests that name it and always run."""
    found: dict[str, list[str]] = {}
    for file, name, always in functions():
        if always and not file.startswith(OTHER_TABLES):
            for row in rows_of(name):
                found.setdefault(row, []).append(f"{file}::{name}")
    return found


def test_the_catalogue_is_whole() -> None:
    sizes = {"P": 14, "E": 16, "L": 8, "A": 13, "C": 7}
    assert {f"{letter}{number}" for letter, most in sizes.items() for number in range(1, most + 1)} == ROWS
    assert set(TABLE["elsewhere"]) <= ROWS


def test_every_row_has_a_test_that_names_it_and_always_runs() -> None:
    assert sorted(ROWS - named().keys() - set(TABLE["elsewhere"])) == []


def test_what_has_a_test_by_now_is_not_called_unwritten() -> None:
    assert sorted(named().keys() & set(TABLE["elsewhere"])) == []


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert sorted(named().keys() - ROWS) == []
