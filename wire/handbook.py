"""The pages that lie beside this program, as a knowledge base: read once in a process."""

from functools import lru_cache
from pathlib import Path

from openoutcry.knowledge.base import Knowledge, knowledge

FOLDER = Path(__file__).resolve().parent.parent / "docs"


def read_pages() -> dict[str, str]:
    """Pages by path: only what lies there is ever read, whatever a caller names."""
    files: list[Path] = sorted(FOLDER.rglob("*.md"))
    return {file.relative_to(FOLDER).as_posix(): file.read_text(encoding="utf-8") for file in files}


@lru_cache(maxsize=1)
def handbook() -> Knowledge:
    """The knowledge base; pages that change are seen by the next process."""
    return knowledge(read_pages())
