"""The figure, and whether it is good enough."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.mutate.survivors import Faults

GOAL = 0.9
FIGURES = ("existing", "all", "killed", "timeouts", "survived")


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the changes of an area. One that never ends counts as noticed."""

    name: str
    existing: int
    all: int
    """Those under trial: all that exist, or those that were drawn."""
    killed: int
    timeouts: int
    survived: int

    @property
    def tried(self) -> int:
        """How many have a verdict."""
        return self.killed + self.timeouts + self.survived

    @property
    def share(self) -> float:
        """Noticed, of those tried."""
        return (self.killed + self.timeouts) / self.tried if self.tried else 0.0

    @property
    def whole(self) -> bool:
        """Whether every change was tried."""
        return self.tried == self.all

    def told(self) -> str:
        """One line."""
        left = "" if self.whole else f", not tried yet {self.all - self.tried}"
        drawn = "" if self.all == self.existing else f" drawn of {self.existing}"
        return (
            f"{self.name}: N {self.all}{drawn}, killed {self.killed}, timeouts {self.timeouts}, "
            f"survived {self.survived}{left}: {100 * self.share:.1f} % killed"
        )


def count(name: str, mutants: Sequence[str], verdicts: Mapping[str, str], existing: int) -> Count:
    """Count the verdicts on these mutants, of so many that exist."""
    found = Counter(verdicts[one] for one in mutants if one in verdicts)
    return Count(name, existing, len(mutants), found["killed"], found["timeout"], found["survived"])


def total(counts: Sequence[Count]) -> Count:
    """All areas together."""
    sums = [sum(getattr(one, name) for one in counts) for name in FIGURES]
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
    low = [one.name for one in (*counts, whole) if one.tried and one.share < GOAL]
    if low:
        lines.append(f"BELOW {100 * GOAL:.0f} %: {', '.join(low)}")
    if not whole.whole:
        lines.append(f"NOT ALL TRIED: {', '.join(one.name for one in counts if not one.whole)}")
    return lines, whole.whole and not (faults.unlisted or faults.unknown or low)
