"""Many seeds on several processes, and what may be said of them all."""

import hashlib
import multiprocessing
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

from simulator.apart import lived, ready
from simulator.outcome import Outcome

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Summary:
    """The outcomes added up in the order of their seeds."""

    seeds: int = 0
    rounds: int = 0
    orders: int = 0
    trades: int = 0
    events: int = 0
    fewest: tuple[int, int] | None = None
    """The least kinds of fault that a whole run met, and the first seed of which it was."""
    kinds: dict[str, int] = field(default_factory=dict)
    broken: list[Outcome] = field(default_factory=list)
    _sum: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.seeds += 1
        self.rounds, self.orders = self.rounds + outcome.rounds, self.orders + outcome.orders
        self.trades, self.events = self.trades + outcome.trades, self.events + outcome.events
        if outcome.violation is None:  # one that broke was over before it had met its faults
            met = (len(outcome.faults), outcome.seed)
            self.fewest = met if self.fewest is None else min(self.fewest, met)
        for kind, times in outcome.faults.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + times
        self._sum.update(f"{outcome.seed} {outcome.digest} {outcome.violation}\n".encode())
        if outcome.violation is not None:
            self.broken.append(outcome)

    @property
    def sha(self) -> str:
        """SHA-256 over every seed, its log's digest and its verdict."""
        return self._sum.hexdigest()


def outcomes(
    seeds: Sequence[int], workers: int, plant: str | None = None, seconds: float | None = None
) -> Iterator[Outcome]:
    """Run the seeds; outcomes come in their order. After ``seconds`` no further one is begun."""
    end = None if seconds is None else monotonic() + seconds
    work = partial(_in_time, plant=plant, end=end)
    if workers == 1 or len(seeds) == 1:
        yield from _until_none(map(work, seeds))
        return
    with multiprocessing.get_context("spawn").Pool(workers, initializer=ready) as pool:
        yield from _until_none(pool.imap(work, seeds))


def _in_time(seed: int, *, plant: str | None, end: float | None) -> Outcome | None:
    if end is not None and monotonic() > end:  # one clock for all processes of the machine
        return None
    return lived(seed, plant)


def _until_none(found: Iterable[Outcome | None]) -> Iterator[Outcome]:
    for outcome in found:
        if outcome is None:
            return
        yield outcome


def commit() -> str:
    """The commit this tree stands at, with a mark when it was changed; ``unknown`` without git."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
