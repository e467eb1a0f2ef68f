"""What CI runs. Every step runs, whatever failed before; the tests come last, to be read last."""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = (
    ("lint", ["ruff", "check", "--output-format", "concise", "."]),
    ("format", ["ruff", "format", "--check", "--output-format", "concise", "."]),
    ("imports", ["lint-imports", "--no-logo", "--cache-dir", ".cache/import_linter"]),
    ("types", ["mypy"]),
    ("types of tests", ["mypy", "-p", "tests", "-p", "deploy"]),
    (
        "600 simulated floors, or as many as fit a minute",
        ["outcry", "sim", "--seeds", "1..600", "--seconds", "60"],
    ),
    ("MLflow for a test", ["python", "-m", "deploy.mlflow"]),
    ("tests", ["pytest", "-n", "2", "--dist", "worksteal"]),
)


FEW = 5
AGAIN = ["pytest", "--last-failed", "--last-failed-no-failures", "none", "-rA"]
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"


def run(command: list[str]) -> bool:
    """Whether one command of the environment succeeded."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def alone() -> bool:
    """Whether the few tests that failed hold when each has the machine to itself. They are named either way: a test that
    fails only in company waits for something that it should not, and is to be mended.
    """
    names = json.loads(LAST_FAILED.read_text()) if LAST_FAILED.exists() else {}
    if not 0 < len(names) <= FEW:
        return False
    print(f"── once more, alone: {', '.join(names)}", flush=True)
    held = run(AGAIN)
    print(f"   {'FAILED IN COMPANY ONLY' if held else 'failed alone too'}: {', '.join(names)}", flush=True)
    return held


def main() -> int:
    """Run the steps."""
    failed = []
    LAST_FAILED.unlink(missing_ok=True)
    for name, command in STEPS:
        print(f"── {name}: {' '.join(command)}", flush=True)
        started = time.perf_counter()
        if not run(command) and not (name == "tests" and alone()):
            failed.append(name)
        print(
            f"   {name}: {'FAILED' if name in failed else 'ok'} in {time.perf_counter() - started:.1f} s",
            flush=True,
        )
    if failed:
        print(f"make check: failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
