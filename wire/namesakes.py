"""Refuse to start beside a package that is named like one of ours.

``agents``, ``api``, ``db`` and ``config`` are plain names, and other distributions use them too (a well-known
SDK for LLM agents installs a package called ``agents``). Whichever comes first on the path wins without a
word, so a process looks before it does anything else. This reads the installed distributions' file lists
directly, since ``importlib.metadata.packages_distributions`` takes ten times as long and every process of the
floor asks.
"""

import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from openoutcry.errors import StartupRefused

OURS = (
    "agents",
    "api",
    "chaos",
    "config",
    "db",
    "mcp_servers",
    "openoutcry",
    "orchestrator",
    "outcry",
    "sandbox",
    "simulator",
    "wire",
    "workers",
)
ROOT = Path(__file__).resolve().parents[1]
OWN_DISTRIBUTION = re.compile(r"open[-_.]outcry-", re.IGNORECASE)
# One literal newline in front makes this six times faster than ^ would over a megabyte of file lists.
LISTED = re.compile(rb"\n(" + "|".join(OURS).encode() + rb")(?=/|\.py,|\r?\n|$)")


def refuse_namesakes(path: Sequence[str] | None = None) -> None:
    """Raise StartupRefused when a stranger installed a name of ours or it would come from elsewhere.

    ``path`` is the import path to look along; by default this process's own.
    """
    found = [*_strangers(sys.path if path is None else path), *_misled()]
    if found:
        raise StartupRefused(
            f"another package uses a name of this project: {'; '.join(found)}. "
            "Run Open Outcry in an environment of its own (make up makes one), or uninstall that package."
        )


def _misled() -> Iterator[str]:
    """Names of ours that Python would import from outside this project."""
    for name in OURS:
        spec = importlib.util.find_spec(name)
        if spec is None:
            continue
        places = list(spec.submodule_search_locations or ()) or [spec.origin or ""]
        if not any(Path(place).is_relative_to(ROOT) for place in places):
            yield f"{name} is imported from {places[0]}"


def _strangers(path: Sequence[str]) -> Iterator[str]:
    """Installed distributions that bring a top-level package or module of one of our names."""
    for entry in path:
        folder = Path(entry)
        if not folder.is_dir():
            continue
        for metadata in (*folder.glob("*.dist-info"), *folder.glob("*.egg-info")):
            if OWN_DISTRIBUTION.match(metadata.name):
                continue
            for name in sorted(_brought(metadata)):
                yield f"{name} is installed by {metadata.stem} in {folder}"


def _brought(metadata: Path) -> set[str]:
    """Which of our names this distribution's own lists mention."""
    names: set[str] = set()
    for listing in ("top_level.txt", "RECORD"):
        try:
            text = (metadata / listing).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        names.update(match.decode() for match in LISTED.findall(b"\n" + text))
    return names
