"""Where compiled kernels are kept, so that only the first process after an install or a change compiles anything.

They lie in the tree, in a folder named by the content of all that is compiled. A tree that cannot be written to keeps what
it was installed with: it is copied from there into the home, where compiled ones that are missing are added. Without
this the compiler would keep them beside the sources, or in the user's cache folder.
"""

import hashlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "NUMBA_CACHE_DIR"
SOURCES = (
    "openoutcry/backtest/**/kernel/*.py",
    "openoutcry/backtest/terms.py",
    "openoutcry/backtest/reasons.py",
)


def keep_kernels(home: Path, root: Path = ROOT) -> Path:
    """Choose the folder and tell the compiler; before it is imported, or after. NUMBA_CACHE_DIR wins when it is set."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    installed = root / ".cache" / "numba" / version(root)
    folder = next(_writable(installed, home / "cache" / "numba" / installed.name))
    if folder != installed and installed.is_dir():
        _copy_missing(installed, folder)
    os.environ[VARIABLE] = str(folder)
    if "numba" in sys.modules:
        importlib.import_module("numba").config.CACHE_DIR = str(folder)
    return folder


def version(root: Path = ROOT) -> str:
    """Changes with any source that is compiled."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _writable(*folders: Path) -> Iterator[Path]:
    """Those of the folders that can be written to, then one of this process alone: others could put code into a shared one."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        yield folder
    yield Path(tempfile.mkdtemp(prefix="outcry-kernels-"))


def _copy_missing(source: Path, target: Path) -> None:
    for path in source.rglob("*.nb*"):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            draft = copy.with_name(f".{os.getpid()}-{copy.name}")
            shutil.copyfile(path, draft)
            draft.replace(copy)
