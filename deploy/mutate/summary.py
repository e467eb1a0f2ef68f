"""The figure, and whether it is good enough."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.mutate.survivors import Faults

GOAL = 0.9


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the changes of an area. One that never ends counts as noticed."""

    name: str
    all: int
    killed: int
    timeouts: int
    survived: int

    @property
    def share(self) -> float:
        """Noticed, of those tried."""
        tried = self.killed + self.timeouts + self.survived
        return (self.killed + self.timeouts) / tried if tried else 0.0

    @property
    def whole(self) -> bool:
        """Whether every change was tried."""
        return self.killed + self.timeouts + self.survived == self.all

    def told(self) -> str:
        """One line."""
        left = (
            "" if self.whole else f", not tried yet {self.all - self.killed - self.timeouts - self.survived}"
        )
        return (
            f"{self.name}: N {self.all}, killed {self.killed}, timeouts {self.timeouts}, "
            f"survived {self.survived}{left}: {100 * self.share:.1f} % killed"
        )


def count(name: str, mutants: Sequence[str], verdicts: Mapping[str, str]) -> Count:
    """Count the verdicts on these mutants."""
    found = Counter(verdicts[one] for one in mutants if one in verdicts)
    return Count(name, len(mutants), found["killed"], found["timeout"], found["survived"])


def total(counts: Sequence[Count]) -> Count:
    """All areas together."""
    sums = [sum(getattr(one, name) for one in counts) for name in ("all", "killed", "timeouts", "survived")]
    return Count("all", *sums)


def told(
    counts: Sequence[Count], faults: Faults, seed: int, commits: Sequence[str]
) -> tuple[list[str], bool]:
    """The lines to print, and whether all is well."""
    whole = total(counts)
    lines = [one.told() for one in (*counts, whole)]
    lines.append(f"seed {seed}, commit {', '.join(commits) or 'none'}")
    for name in faults.unlisted:
        lines.append(f"SURVIVES WITHOUT A REASON: {name}")
    for name in faults.killed:
        lines.append(f"killed, and yet listed as a survivor: {name}")
    for name in faults.unknown:
        lines.append(f"LISTED, BUT NO SUCH CHANGE: {name}")
    low = [one.name for one in (*counts, whole) if one.whole and one.share < GOAL]
    if low:
        lines.append(f"BELOW {100 * GOAL:.0f} %: {', '.join(low)}")
    return lines, not (faults.unlisted or faults.unknown or low)
