"""Make ``.cache/mlflow`` what ``requirements-mlflow.lock`` says: an environment of its own for a real MLflow, for tests alone.

MLflow pins much that the floor pins otherwise, so it never enters ``.venv``. Nothing is done when it is there already.
"""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from deploy.bootstrap import EXACTLY, ROOT, VENV, Command, say, uv_environment

LOCK = ROOT / "requirements-mlflow.lock"
FOLDER = ROOT / ".cache" / "mlflow"


def environment() -> Path:
    """The environment's Python. Raises CalledProcessError when it cannot be made."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / ".installed"
    FOLDER.parent.mkdir(exist_ok=True)
    with (FOLDER.parent / "mlflow.lock").open("w") as only_one_at_a_time:
        fcntl.flock(only_one_at_a_time, fcntl.LOCK_EX)
        wanted = hashlib.sha256(LOCK.read_bytes() + str(ROOT).encode()).hexdigest()
        if not (stamp.is_file() and stamp.read_text() == wanted):
            say("installing an MLflow for the tests (once; a minute or less on a good line)")
            uv = VENV / "bin" / "uv"
            make: Command = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, FOLDER]
            subprocess.run(make, check=True)
            install: Command = [uv, "pip", "install", "--quiet", "--python", python, *EXACTLY, LOCK]
            subprocess.run(install, check=True, env=uv_environment())
            stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    try:
        environment()
    except subprocess.CalledProcessError as failed:
        say(f"the MLflow of the tests cannot be installed: {failed}")
        sys.exit(1)
