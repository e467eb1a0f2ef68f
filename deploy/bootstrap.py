"""Make ``.venv`` what the lock says: nothing to do when it already is, else install with progress.

``bootstrap.py run`` for what the floor needs, ``bootstrap.py dev`` for what its tests need as well. Uses the
standard library only, since it runs before anything is installed. Works offline once the lock is installed.
"""

import ast
import fcntl
import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
NODE_LOCK = ROOT / "deploy" / "node" / "package-lock.json"
Command = Sequence[str | Path]
EXACTLY = ("--require-hashes", "--no-deps", "-r")
# Shell and Python at once, since a #! line can hold neither a space nor a long path.
START_SCRIPT = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from outcry.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
"""
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main(wanted: str) -> int:
    with Path(__file__).open() as only_one_at_a_time:
        fcntl.flock(only_one_at_a_time, fcntl.LOCK_EX)
        if ready(wanted):
            return 0
        say(f"installing what {LOCKS[wanted].name} pins (once; a minute or less on a good line)")
        make_environment()
        if not install_with_uv(LOCKS[wanted]):
            say("that did not work; trying pip, which takes longer")
            subprocess.run([PYTHON, "-m", "pip", "install", *EXACTLY, LOCKS[wanted]], check=True)
        put_project_on_path()
        if wanted == "dev":
            say("getting the TypeScript compiler that the tests use")
            subprocess.run([PYTHON, "-m", "deploy.typescript"], cwd=ROOT, check=True)
        warm()
        stamp(wanted).write_text(fingerprint(wanted))
        say("environment ready")
    return 0


def ready(wanted: str) -> bool:
    """Whether an install of this lock, or of the wider one that contains it, was completed here."""
    return any(
        stamp(name).is_file() and stamp(name).read_text() == fingerprint(name) for name in {wanted, "dev"}
    )


def stamp(name: str) -> Path:
    return VENV / f".installed-{name}"


def fingerprint(name: str) -> str:
    """Changes with the lock, with this script, and when the project's folder is moved or copied."""
    inputs = [LOCKS[name].read_bytes(), Path(__file__).read_bytes(), str(ROOT).encode()]
    if name == "dev":
        inputs.append(NODE_LOCK.read_bytes())
    return hashlib.sha256(b"\0".join(inputs)).hexdigest()


def make_environment() -> None:
    if PYTHON.exists() and succeeds([PYTHON, "-m", "pip", "--version"], quiet=True):
        return
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"making {VENV} with Python {version}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def install_with_uv(lock: Path) -> bool:
    """uv installs in seconds what takes pip half a minute; it comes from the same lock, checked by hash."""
    pinned = re.search(r"^uv==(\S+).*(?:\n    .*)*", lock.read_text(), re.MULTILINE)
    if pinned is None:
        return False
    uv = VENV / "bin" / "uv"
    if not uv.exists() or pinned[1] not in output([uv, "--version"]).split():
        say("getting the installer")
        only_uv = VENV / "installer.lock"
        only_uv.write_text(pinned[0] + "\n")
        if not succeeds([PYTHON, "-m", "pip", "install", "--quiet", *EXACTLY, only_uv]):
            return False
    install: Command = [uv, "pip", "install", "--python", PYTHON, "--compile-bytecode", *EXACTLY, lock]
    return succeeds(install, env=uv_environment())


def uv_environment() -> dict[str, str]:
    """pip's settings (mirror, proxy, certificate) said in uv's words; the hashes make any index safe."""
    env = {"UV_INDEX_STRATEGY": "unsafe-best-match", **os.environ}
    for line in output([PYTHON, "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        name = PIP_TO_UV.get(key.rpartition(".")[2])
        if name is not None and name not in os.environ:
            env[name] = str(ast.literal_eval(value))
    return env


def put_project_on_path() -> None:
    """A path file and a start script: no build, no network, and edits take effect at once."""
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    (site / "open-outcry.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "outcry"
    script.write_text(START_SCRIPT.format(python=PYTHON))
    script.chmod(0o755)


def warm() -> None:
    """Compile the backtest kernels; without them the first backtest would, so a failure is no reason to stop."""
    if (ROOT / "deploy" / "warm.py").exists() and (ROOT / "openoutcry").is_dir():
        say("compiling the backtest kernels")
        if not succeeds([PYTHON, "-m", "deploy.warm"], cwd=ROOT):
            say("that did not work; the first backtest will try again")


def succeeds(
    command: Command, *, env: dict[str, str] | None = None, quiet: bool = False, cwd: Path | None = None
) -> bool:
    return subprocess.run(command, env=env, capture_output=quiet, cwd=cwd, check=False).returncode == 0


def output(command: Command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def say(text: str) -> None:
    print(f"Open Outcry: {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        sys.exit(130)
    except subprocess.CalledProcessError as failed:
        say(f"failed: {shlex.join(map(str, failed.cmd))}")
        sys.exit(1)
