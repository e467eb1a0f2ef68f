"""The warm way: one pytest session collects the tests once; in place of its loop, every change gets a fork of it."""

import gc
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import Phase, settings

from deploy.mutate.areas import ROOT
from deploy.mutate.baseline import Baseline, Shelf
from deploy.mutate.children import Verdict, tried
from deploy.mutate.constants import replace
from deploy.mutate.mutants import Mutant, Source
from deploy.mutate.probes import Probes
from deploy.mutate.swap import CannotSwap, bodies, living, swap

EXAMPLES = 10
"""How many examples a property is given for each change."""


class _Rest:
    """Stands for the tests to come: all that they are known to share is the session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[Any]:
        """What must not be torn down yet."""
        return [self._session]


Told = Callable[[Mutant, Verdict], bool]
"""Hears what became of a change; says whether there is time for another."""


class Loop:
    """A plugin for pytest."""

    def __init__(self, shelf: Shelf, sources: dict[str, Source], todo: Sequence[Mutant], told: Told) -> None:
        self._shelf, self._sources, self._todo, self._told = shelf, sources, todo, told
        self._failed = False
        self._living: dict[str, list[FunctionType]] = {}
        self.baseline = Baseline()
        self.cold: list[Mutant] = []

    def pytest_configure(self) -> None:
        """Properties try the same few examples every time, and do not look for the simplest that fails."""
        quiet()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that something failed."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn what the tests do, then try every change."""
        items = {item.nodeid: item for item in session.items}
        for item in items.values():
            few(item)
        self._share(items.values())
        self.baseline = self._shelf.find(items) or self._learn(items)
        if self.baseline.failed:
            return True
        self._shelf.keep(self.baseline)
        self._living = {path: living(path) for path in (str(ROOT / file) for file in self._sources)}
        gc.collect()
        gc.freeze()  # a fork that collects garbage would copy every page it looks at
        for mutant in self._todo:
            tests = self.baseline.asked(mutant.file, *mutant.lines)
            if not mutant.in_function:
                if not self._try_constant(mutant, items):
                    break
            elif not tests:
                if not self._told(mutant, "survived"):
                    break
            elif not self._try(mutant, [items[name] for name in tests]):
                break
        return True

    def _try(self, mutant: Mutant, items: Sequence[pytest.Item]) -> bool:
        path = str(ROOT / mutant.file)
        code = self._sources[mutant.file].mutated(mutant, path)
        names = [item.nodeid for item in items]
        try:
            pairs = bodies(self._living[path], code)
        except CannotSwap:
            self.cold.append(mutant)
            return True

        def work() -> bool:
            swap(pairs)
            return self._pass(items)

        return self._told(mutant, tried(work, self.baseline.limit(names)) or "killed")

    def _try_constant(self, mutant: Mutant, items: Mapping[str, pytest.Item]) -> bool:
        """A change of what is worked out at import: a kill counts; anything else is for the cold way."""
        module = sys.modules.get(mutant.file.removesuffix(".py").replace("/", "."))
        code = self._sources[mutant.file].mutated(mutant, str(ROOT / mutant.file))
        names = self.baseline.all_for(mutant.file)

        def work() -> bool | None:
            if module is None or not replace(module, code):
                return None
            return self._pass([items[name] for name in names])

        if tried(work, self.baseline.limit(names)) == "killed":
            return self._told(mutant, "killed")
        self.cold.append(mutant)
        return True

    def _pass(self, items: Sequence[pytest.Item]) -> bool:
        """Whether all pass; the first that does not ends it. What a session shares stays, as if more were to come."""
        for item in items:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=_Rest(item.session))
            if self._failed:
                return False
        return True

    def _share(self, items: Iterable[pytest.Item]) -> None:
        """Run the first test that needs what a session shares here, so that it is there for every fork."""
        known: set[str] = set()
        for item in items:
            if not shared(item) <= known:
                self._pass([item])
                known |= shared(item)

    def _learn(self, items: dict[str, pytest.Item]) -> Baseline:
        """Run every test once in a fork, listening."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                learnt = self._listen(items)
                with os.fdopen(writing, "wb") as out:
                    pickle.dump(learnt, out)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as came:
            learnt = pickle.load(came)
        os.waitpid(child, 0)
        assert isinstance(learnt, Baseline)
        return learnt

    def _listen(self, items: dict[str, pytest.Item]) -> Baseline:
        found = Baseline()
        probes = Probes(self._sources)
        for name, item in items.items():
            self._failed = False
            began = time.process_time()
            passed = self._pass([item])
            found.lines[name] = probes.taken()
            found.seconds[name] = time.process_time() - began
            if not passed:
                found.failed.append(name)
        return found


def quiet() -> None:
    """Hypothesis without a database, deadlines, or a search for the simplest example."""
    settings.register_profile(
        "mutate", database=None, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutate")


def few(item: pytest.Item) -> None:
    """Give a property few examples, whatever it asks for."""
    body: Any = getattr(item, "obj", None)
    body = getattr(body, "__func__", body)
    asked = getattr(body, "_hypothesis_internal_use_settings", None)
    if asked is not None:
        body._hypothesis_internal_use_settings = settings(
            asked, max_examples=min(EXAMPLES, asked.max_examples)
        )


def shared(item: pytest.Item) -> set[str]:
    """What a test shares with its whole session, of our own making: a database server."""
    given: Any = item
    found = given._fixtureinfo.name2fixturedefs
    return {name for name, made in found.items() if made[-1].scope == "session" and made[-1].baseid}


def session(tests: Sequence[str], plugin: object) -> int:
    """One run of pytest in this process."""
    without = [
        word
        for name in ("terminal", "cacheprovider", "timeout", "xdist", "faker")
        for word in ("-p", f"no:{name}")
    ]
    warned = [
        word
        for name in ("PytestConfigWarning", "PytestAssertRewriteWarning")
        for word in ("-W", f"ignore::pytest.{name}")
    ]
    options = [*without, *warned]
    return int(pytest.main([*options, "--rootdir", str(ROOT), *tests], plugins=[plugin]))


def existing(tests: Sequence[str]) -> list[str]:
    """The tests of an area; raises FileNotFoundError for one that is not there any more."""
    for test in tests:
        if not Path(ROOT, test.partition("::")[0]).exists():
            raise FileNotFoundError(test)
    return list(tests)
