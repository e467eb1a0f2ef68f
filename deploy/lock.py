"""Pin every dependency, with hashes and without naming any host, for the floor and for its tests, Python's and Node's."""

import re
import subprocess
import sys
from pathlib import Path

from deploy import typescript

ROOT = Path(__file__).resolve().parents[1]
COMPILE = ["pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
PLAIN = ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"]
LOCKS = {
    "requirements.lock": ["pyproject.toml", "--group", "install"],
    "requirements-dev.lock": [
        "pyproject.toml", "--group", "install", "--group", "dev", "-c", "requirements.lock",
    ],
    "requirements-mlflow.lock": ["--group", "mlflow"],
}  # fmt: skip


def main(options: list[str]) -> int:
    uv = str(Path(sys.executable).with_name("uv"))
    for name, groups in LOCKS.items():
        command = [uv, *COMPILE, *PLAIN, *groups, *options, "-o", name]
        subprocess.run(command, cwd=ROOT, check=True)
        pins = re.findall(r"^[a-z0-9].*==", (ROOT / name).read_text(), re.MULTILINE | re.IGNORECASE)
        print(f"{name}: {len(pins)} packages")
    typescript.lock()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
