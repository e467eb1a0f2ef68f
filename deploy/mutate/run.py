"""One slice of one area: the warm changes in a fork that imported everything, the cold ones in forks that did not."""

import hashlib
import importlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.mutate import results, survivors
from deploy.mutate.areas import ROOT, Area
from deploy.mutate.baseline import Baseline, Shelf
from deploy.mutate.children import Verdict
from deploy.mutate.cold import try_cold
from deploy.mutate.loop import Loop, Told, existing, session
from deploy.mutate.mutants import Mutant, Source

Found = tuple[Baseline, list[Mutant], list[str]]
"""What the tests do by themselves, the changes that have to be tried the cold way, others' modules that the tests import."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What this run may do, and where it writes."""

    file: Path
    seed: int
    until: float
    commit: str
    keep_killed: bool


class Running:
    """An area under trial."""

    def __init__(self, run: Slice, area: Area) -> None:
        self._run, self._area = run, area
        self._sources = {file: Source(file, (ROOT / file).read_text()) for file in area.files()}
        self._code = {file: results.code_digest(file) for file in self._sources}
        self._tests = results.tests_digest(area)
        of = hashlib.sha256(
            repr((str(ROOT), self._tests, self._code)).encode()
        ).hexdigest()  # its lines' paths are whole
        self._shelf = Shelf(run.file.with_name(f"{run.file.name}.{area.name}"), of)
        self.existing = [one for source in self._sources.values() for one in source.mutants]
        self.mutants = _drawn(self.existing, area.drawn, run.seed)

    def standing(self) -> dict[str, results.Result]:
        """The verdicts that are still true."""
        known, keep, listed = results.read(self._run.file), self._run.keep_killed, survivors.read()
        return {
            one.name: known[one.name]
            for one in self.mutants
            if results.stands(
                known.get(one.name),
                self._code[one.file],
                self._part(one),
                self._tests,
                keep_killed=keep,
                listed=one.name in listed,
            )
        }

    def go_on(self) -> None:
        """Try what is left, in the seed's order, as long as there is time. Raises SystemExit when tests fail as it is."""
        standing = self.standing()
        todo = [one for one in self.mutants if one.name not in standing]
        if not todo or time.monotonic() > self._run.until:
            return
        if self._run.keep_killed:  # whoever adds tests wants to hear first of what survived without them
            known = results.read(self._run.file)
            todo.sort(key=lambda one: one.name not in known)
        baseline, cold, others = _apart(
            lambda: _warm(self._area, self._shelf, self._sources, todo, self._told)
        )
        if baseline.failed or not baseline.lines:
            raise SystemExit(
                f"{self._area.name}: these fail without any change: {', '.join(baseline.failed) or 'all'}"
            )
        for name in others if cold else ():  # once, for all forks
            with suppress(ImportError):
                importlib.import_module(name)
        for mutant in cold:
            if time.monotonic() > self._run.until:
                return
            order = baseline.all_for(mutant.file)
            self._told(mutant, try_cold(self._sources[mutant.file], mutant, order, baseline.limit(order)))

    def _told(self, mutant: Mutant, verdict: Verdict) -> bool:
        run = self._run
        result = results.Result(
            mutant.name,
            verdict,
            self._code[mutant.file],
            self._tests,
            run.commit,
            run.seed,
            self._part(mutant),
        )
        results.append(run.file, result)
        return time.monotonic() < run.until

    def _part(self, mutant: Mutant) -> str:
        return results.part_digest(self._sources[mutant.file].part(mutant))


def _drawn(existing: list[Mutant], most: int | None, seed: int) -> list[Mutant]:
    """The changes under trial, in the seed's order: every one, or the first so many, each as likely as the other. More of them
    are the same and more, and an edit of the code leaves those of other lines where they were.
    """
    return sorted(existing, key=lambda one: hashlib.sha256(f"{seed}|{one.name}".encode()).digest())[:most]


def _warm(area: Area, shelf: Shelf, sources: dict[str, Source], todo: Sequence[Mutant], told: Told) -> Found:
    loop = Loop(shelf, sources, todo, told)
    session(existing(area.tests), loop)
    return loop.baseline, loop.cold, [name for name in sys.modules if _others(name)]


def _others(module: str) -> bool:
    """Whether a module is neither ours nor what this process was started with."""
    package = module.partition(".")[0]
    return not (ROOT / package).exists() and package not in ("__main__", "__mp_main__", "conftest")


def _apart(work: Callable[[], Found]) -> Found:
    """Do the work in a fork: this process stays free of our code, for the forks that import it changed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as out:
                pickle.dump(work(), out)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as came:
        found: Found = pickle.load(came)
    os.waitpid(child, 0)
    return found
