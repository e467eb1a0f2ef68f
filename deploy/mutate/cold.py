"""The cold way, for what is worked out at import: a fork that has imported nothing of ours imports the changed file."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import pytest

from deploy.mutate.areas import ROOT
from deploy.mutate.children import Verdict, tried
from deploy.mutate.loop import few, quiet, session
from deploy.mutate.mutants import Mutant, Source


class _Changed(MetaPathFinder, Loader):
    """Finds one module, and gives it other code."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name, self._path, self._code = name, path, code

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


class _Judge:
    """A plugin for pytest: few examples, and the given order."""

    def __init__(self, order: Sequence[str]) -> None:
        self._order = {name: at for at, name in enumerate(order)}
        self.passed = 0

    def pytest_configure(self) -> None:
        quiet()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )
        for item in items:
            few(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.passed and report.when == "call"


def try_cold(source: Source, mutant: Mutant, tests: Sequence[str], cpu_s: float) -> Verdict:
    """What becomes of a change under these tests (ids, in the order they are to run)."""
    path = str(ROOT / mutant.file)
    code = source.mutated(mutant, path)
    name = mutant.file.removesuffix(".py").replace("/", ".")
    ours = [one for one in sys.modules if one == name or one.startswith("tests.")]
    assert not ours, f"already imported: {ours}"

    def work() -> bool:
        sys.meta_path.insert(0, _Changed(name, path, code))
        judge = _Judge(tests)
        files = sorted({test.partition("::")[0] for test in tests})
        return session(["-x", *files], judge) == 0 and judge.passed == len(tests)

    return tried(work, cpu_s) or "killed"
