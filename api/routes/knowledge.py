"""``/api/documents``, ``/api/search``, ``/api/tags``, ``/api/glossary``, ``/api/backlinks``: the handbook as a knowledge base.

Public like the handbook itself: there is nothing of anybody's in it.
"""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.failures import Failure, invalid_query
from api.market import apart
from api.shapes.knowledge import (
    DocumentList,
    Glossary,
    OneDocument,
    References,
    SearchResults,
    SectionTree,
    TagDocuments,
    TagItem,
    TagList,
    TermItem,
    item,
    reference,
    result,
    section,
    term,
    whole,
)
from openoutcry.knowledge.base import Knowledge
from wire.handbook import handbook

MOST_QUERY = 200
Slug = Annotated[str, PathParameter(description="A document's slug.")]


@get("/api/documents", public=True, tags=["knowledge"])
async def documents() -> DocumentList:
    """Every document: the handbook's pages, and those made of the signals and indicators."""
    found = [item(one) for one in (await _base()).documents.values()]
    return DocumentList(documents=found, total=len(found))


@get("/api/documents/{slug:str}", public=True, tags=["knowledge"])
async def one_document(slug: Slug) -> OneDocument:
    """A document with its text and sections."""
    return whole((await _base()).document(slug))


@get("/api/documents/{slug:str}/sections", public=True, tags=["knowledge"])
async def sections(slug: Slug) -> SectionTree:
    """The tree of a document's sections."""
    found = (await _base()).document(slug)
    return SectionTree(
        document_slug=found.slug,
        document_title=found.title,
        sections=[section(one) for one in found.sections],
    )


@get("/api/search", public=True, tags=["knowledge"])
async def search(
    q: Annotated[str, QueryParameter(description="Words to look for.")],
    limit: Annotated[
        int, QueryParameter(ge=1, le=100, description="At most this many.", required=False)
    ] = 20,
    expand: Annotated[
        bool,
        QueryParameter(
            description="Other forms of the words and the glossary's other names too.", required=False
        ),
    ] = True,
    tags: Annotated[
        str | None,
        QueryParameter(description="Only documents with one of these tags, with commas.", required=False),
    ] = None,
) -> SearchResults:
    """The sections that fit best, ranked by BM25 over the words of headings and text."""
    query = q.strip()
    if not 1 <= len(query) <= MOST_QUERY:
        raise invalid_query(f"q: 1 to {MOST_QUERY} characters", "q")
    base = await _base()
    wanted = [tag.strip() for tag in (tags or "").split(",") if tag.strip()]
    if unknown := next((tag for tag in wanted if tag.lower() not in base.tags()), None):
        raise invalid_query(f"tags: {unknown[:60]!r} is none of {', '.join(base.tags())}", "tags")
    found = await apart(lambda: base.search(query, expand=expand, tags=wanted))
    return SearchResults(query=query, total=len(found), results=[result(hit) for hit in found[:limit]])


@get("/api/tags", public=True, tags=["knowledge"])
async def list_tags() -> TagList:
    """Every tag with the number of its documents."""
    found = [TagItem(name=name, count=count) for name, count in (await _base()).tags().items()]
    return TagList(tags=found, total=len(found))


@get("/api/tags/{tag:str}", public=True, tags=["knowledge"])
async def one_tag(tag: Annotated[str, PathParameter(description="A tag.")]) -> TagDocuments:
    """The documents that have a tag."""
    found = [item(one) for one in (await _base()).tagged(tag)]
    return TagDocuments(tag=tag.lower(), total=len(found), documents=found)


@get("/api/glossary", public=True, tags=["knowledge"])
async def glossary() -> Glossary:
    """Every term of the glossary; `/api/glossary/{term}` also says where it is spoken of."""
    base = await _base()
    found = [term(base, one, linked=False) for one in base.terms]
    return Glossary(total=len(found), entries=found)


@get("/api/glossary/{name:str}", public=True, tags=["knowledge"])
async def one_term(
    name: Annotated[str, PathParameter(description="A term, its abbreviation or its anchor, in any case.")],
) -> TermItem:
    """A term and the sections that speak of it."""
    base = await _base()
    return await apart(lambda: term(base, base.term(name), linked=True))


@get("/api/backlinks/{target:str}", public=True, tags=["knowledge"])
async def backlinks(
    target: Annotated[
        str, PathParameter(description="A document's slug, the anchor of a heading, or of a term.")
    ],
) -> References:
    """The sections that link to a document or a heading, or that speak of a term."""
    base = await _base()
    if len(target) > MOST_QUERY:
        raise Failure(404, "nothing has this anchor")
    found = [reference(link) for link in await apart(lambda: base.backlinks(target))]
    return References(target_anchor=target, total=len(found), backlinks=found)


async def _base() -> Knowledge:
    """The knowledge base; the first call of a process reads it."""
    return await apart(handbook)


HANDLERS = [
    documents, one_document, sections, search, list_tags, one_tag, glossary, one_term, backlinks,
]  # fmt: skip
