"""What CI runs. Every step runs, whatever failed before; the tests come last, to be read last."""

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
    ("MLflow for a test", ["python", "-m", "deploy.mlflow"]),
    ("tests", ["pytest", "-n", "2"]),
)


def main() -> int:
    failed = []
    for name, command in STEPS:
        print(f"── {name}: {' '.join(command)}", flush=True)
        started = time.perf_counter()
        program = Path(sys.executable).with_name(command[0])
        if subprocess.run(
            [program, *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, check=False
        ).returncode:
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
