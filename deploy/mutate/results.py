"""What became of each change, one line of JSON each: slices of a run add up in one file."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import slices
from deploy.mutate.areas import ROOT, Area
from deploy.mutate.children import Verdict


@dataclass(frozen=True, slots=True)
class Result:
    """One change: its name, and of which code and tests the verdict is true."""

    mutant: str
    verdict: Verdict
    code: str
    tests: str
    commit: str
    seed: int
    part: str = ""
    """Digest of the function that was changed; empty where the change is worked out at import."""


def read(path: Path) -> dict[str, Result]:
    """The last word on each change."""
    return {one.mutant: one for one in (Result(**row) for row in slices.read(path))}


def append(path: Path, result: Result) -> None:
    """Add one line, whole or not at all."""
    slices.append(path, asdict(result))


def stands(
    result: Result | None, code: str, part: str, tests: str, *, keep_killed: bool, listed: bool
) -> bool:
    """Whether an earlier verdict is still true: of the same code and tests. ``keep_killed``: a kill stands as long as the
    changed function is the same, for more tests cannot matter and other functions seldom do; and so does a survivor that is
    ``listed``, for it counts against the tests in any case.
    """
    if result is None:
        return False
    if keep_killed and (result.verdict != "survived" or listed):
        return result.code == code or (part != "" and result.part == part)
    return (result.code, result.tests) == (code, tests)


def code_digest(file: str) -> str:
    """Of one file under trial."""
    return _digest([ROOT / file])


def part_digest(text: str) -> str:
    """Of one function; empty of none."""
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def tests_digest(area: Area) -> str:
    """Of the tests of an area and what lies beside them."""
    paths = [ROOT / test.partition("::")[0] for test in area.tests]
    folders = {path if path.is_dir() else path.parent for path in paths}
    beside = {one for folder in folders for one in folder.rglob("*.py") if not one.name.startswith("test_")}
    named = {one for path in paths for one in (path.rglob("*.py") if path.is_dir() else [path])}
    return _digest(beside | named)


def _digest(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]
