"""``/api/v1/docs``: the pages of the handbook that lie beside this program."""

from pathlib import Path
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from api.failures import Failure
from api.market import apart
from api.shapes.base import Shape
from wire.config import CONFIG_FOLDER

FOLDER = CONFIG_FOLDER.parent / "docs"


class Page(Shape, frozen=True, kw_only=True):
    """One page; ``path`` names it for ``/docs/content``."""

    path: str
    title: str


class Pages(Shape, frozen=True, kw_only=True):
    """Every page there is."""

    success: bool
    documents: list[Page]
    total: int


class Content(Shape, frozen=True, kw_only=True):
    """A page as Markdown."""

    success: bool
    path: str
    title: str
    content: str


@get("/api/v1/docs/list", tags=["docs"])
async def list_pages() -> Pages:
    """The pages of the handbook; none where this installation came without."""
    found = [Page(path=path, title=_title(text)) for path, text in (await apart(_read)).items()]
    return Pages(success=True, documents=found, total=len(found))


@get("/api/v1/docs/content", tags=["docs"], errors=(404,))
async def content(path: Annotated[str, QueryParameter(description="A path that the list names.")]) -> Content:
    """One page as Markdown."""
    text = (await apart(_read)).get(path)
    if text is None:
        raise Failure(404, "document not found", path=path[:200])
    return Content(success=True, path=path, title=_title(text), content=text)


def _read() -> dict[str, str]:
    """Pages by path: only what lies there is ever read, whatever a caller names."""
    files: list[Path] = sorted(FOLDER.rglob("*.md"))
    return {file.relative_to(FOLDER).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ").strip()


HANDLERS = [list_pages, content]
