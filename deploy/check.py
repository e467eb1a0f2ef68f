"""What CI runs. Every step runs, whatever failed before; the tests come last, to be read last."""

import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Step = tuple[str, list[str]]
BESIDE: tuple[Step, ...] = (
    ("lint", ["ruff", "check", "--output-format", "concise", "."]),
    ("format", ["ruff", "format", "--check", "--output-format", "concise", "."]),
    ("imports", ["lint-imports", "--no-logo", "--cache-dir", ".cache/import_linter"]),
    ("MLflow for a test", ["python", "-m", "deploy.mlflow"]),
    ("a browser for some", ["python", "-m", "deploy.browser"]),
    ("60 seconds of kills", ["python", "-m", "chaos", "--seconds", "60"]),
)
"""What one core does while the other looks at the types."""
READING = ("reading all tests", ["pytest", "--collect-only", "-p", "no:terminal"])
"""Once, in what time these leave over, so that the three that run the tests find them compiled with their assertions."""
ALONE: tuple[Step, ...] = (
    (
        "600 simulated floors, or as many as fit a minute",
        ["outcry", "sim", "--seeds", "1..600", "--seconds", "60"],
    ),
    ("tests", ["pytest", "-n", "3", "--dist", "worksteal", "--durations", "40"]),
)
"""What takes both cores. A quarter of the time a test waits for a floor or an exchange: three of them fill two cores.
In the end they say what the tests of each file cost (tests/costs.py)."""

FEW = 5
AGAIN = ["pytest", "--last-failed", "--last-failed-no-failures", "none", "-rA"]
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"


def types() -> Step:
    """One look at the product and its tests: two would read everything twice."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
    return "types", ["mypy", *(word for name in (*packages, "tests", "deploy") for word in ("-p", name))]


def run(command: list[str], *, quiet: bool = False) -> tuple[bool, str]:
    """Whether one command of the environment succeeded, and with ``quiet`` what it said."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [program, *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, check=False, text=True,
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
    )  # fmt: skip
    return done.returncode == 0, done.stdout or ""


def failures() -> list[str]:
    """The tests that failed when they last ran, as pytest keeps them."""
    return sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []


def alone() -> bool:
    """Whether the few tests that failed hold when each has the machine to itself. They are named either way: a test that
    fails only in company waits for something that it should not, and is to be mended.
    """
    names = failures()
    if not 0 < len(names) <= FEW:
        return False
    print(f"── once more, alone: {', '.join(names)}", flush=True)
    held, _ = run(AGAIN)
    again = failures()
    company = [name for name in names if name not in again]
    for what, those in (("FAILED IN COMPANY ONLY", company), ("failed alone too", again)):
        if those:
            print(f"   {what}: {', '.join(those)}", flush=True)
    return held


def lane(steps: Iterable[Step]) -> list[str]:
    """Names of the steps that failed, of some that run one after another beside others."""
    return [name for name, command in steps if not step(name, command, quiet=True)]


def step(name: str, command: list[str], *, quiet: bool = False) -> bool:
    """Run one and say how it went: as it goes, or all at once when it ended."""
    title = f"── {name}: {' '.join(command[:8])}{' …' if len(command) > 8 else ''}"
    if not quiet:
        print(title, flush=True)
    started = time.perf_counter()
    held, said = run(command, quiet=quiet)
    took = f"{time.perf_counter() - started:.1f} s"
    if name == "tests" and not held:
        held = alone()
    told = f"{title}\n{said}" if quiet else ""
    print(f"{told}   {name}: {'ok' if held else 'FAILED'} in {took}", flush=True)
    return held


def main() -> int:
    """Run the steps."""
    LAST_FAILED.unlink(missing_ok=True)
    started = time.perf_counter()
    with ThreadPoolExecutor() as lanes:
        beside = [*lanes.map(lane, ([types()], BESIDE, [READING]))]
    failed = [name for names in beside for name in names]
    failed += [name for name, command in ALONE if not step(name, command)]
    print(f"make check: {time.perf_counter() - started:.0f} s", flush=True)
    if failed:
        print(f"make check: failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
