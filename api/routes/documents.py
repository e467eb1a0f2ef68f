"""``/api/v1/docs``: the pages of the handbook that lie beside this program."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from api.failures import Failure
from api.market import apart
from api.shapes.base import Shape
from wire.handbook import read_pages


class Page(Shape, frozen=True, kw_only=True):
    """One page; ``path`` names it for ``/docs/content``."""

    path: str
    name: str
    title: str


class Pages(Shape, frozen=True, kw_only=True):
    """Every page there is, under both names that clients look for."""

    success: bool
    documents: list[Page]
    docs: list[Page]
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
    pages = await apart(read_pages)
    found = [
        Page(path=path, name=path.rpartition("/")[2], title=_title(text)) for path, text in pages.items()
    ]
    return Pages(success=True, documents=found, docs=found, total=len(found))


@get("/api/v1/docs/content", tags=["docs"], errors=(404,))
async def content(path: Annotated[str, QueryParameter(description="A path that the list names.")]) -> Content:
    """One page as Markdown."""
    text = (await apart(read_pages)).get(path)
    if text is None:
        raise Failure(404, "document not found", path=path[:200])
    return Content(success=True, path=path, title=_title(text), content=text)


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ").strip()


HANDLERS = [list_pages, content]
