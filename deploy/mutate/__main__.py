"""``python -m deploy.mutate``: one slice of a mutation run; the results file says what all slices so far add up to."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from deploy.mutate import summary, survivors
from deploy.mutate.areas import AREAS, ROOT
from deploy.mutate.run import Running, Slice


def main() -> int:
    """Try what time allows; 1 while a change is left to try, a survivor has no reason, the list names what does not exist, or
    too few are killed.
    """
    given = _asked()
    run = Slice(given.resume, given.seed, time.monotonic() + given.seconds, _commit(), given.keep_killed)
    areas = [area for area in AREAS if not given.only or area.name in given.only]
    counts: list[summary.Count] = []
    verdicts: dict[str, str] = {}
    names: set[str] = set()
    commits: set[str] = set()
    for area in areas:
        running = Running(run, area)
        running.go_on()
        standing = running.standing()
        verdicts |= {name: result.verdict for name, result in standing.items()}
        commits |= {result.commit for result in standing.values()}
        names |= {one.name for one in running.existing}
        drawn = [one.name for one in running.mutants]
        counts.append(summary.count(area.name, drawn, verdicts, existing=len(running.existing)))
        print(counts[-1].told(), flush=True)
    files = {file for area in areas for file in area.files()}
    listed = [name for name, one in survivors.read().items() if one.file in files or not given.only]
    lines, well = summary.told(counts, survivors.compare(listed, verdicts, names), run.seed, sorted(commits))
    print("\n".join(lines), flush=True)
    return 0 if well else 1


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="mutate", description=__doc__)
    asked.add_argument(
        "--resume", type=Path, default=ROOT / ".cache" / "mutate.jsonl", help="results so far; appended to"
    )
    asked.add_argument(
        "--seconds", type=float, default=86_400.0, help="begin no other change after this time"
    )
    asked.add_argument("--seed", type=int, default=6, help="the order in which changes are tried")
    asked.add_argument(
        "--only", action="append", choices=[area.name for area in AREAS], help="one area (repeatable)"
    )
    asked.add_argument(
        "--keep-killed",
        action="store_true",
        help="a kill, and a listed survivor, stand though tests were added and other functions changed since: for writing tests",
    )
    return asked.parse_args()


def _commit() -> str:
    """The commit, with a plus sign when files differ from it."""
    at, differs = (
        subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain"))
    )
    return at + ("+" if differs else "")


if __name__ == "__main__":
    sys.exit(main())
