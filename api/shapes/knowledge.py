"""The handbook as the knowledge base's clients see it."""

from typing import Any

from api.shapes.base import Shape
from openoutcry.knowledge.base import Backlink, Hit, Knowledge
from openoutcry.knowledge.document import Document, Section
from openoutcry.knowledge.glossary import Term


class DocumentItem(Shape, frozen=True, kw_only=True):
    """A document without its text."""

    slug: str
    title: str
    summary: str
    tags: list[str]
    section_count: int


class DocumentList(Shape, frozen=True, kw_only=True):
    """Every document there is, by slug."""

    documents: list[DocumentItem]
    total: int


class SectionItem(Shape, frozen=True, kw_only=True):
    """A heading, the text below it, and the deeper headings below that (each of the same shape)."""

    anchor: str
    title: str
    level: int
    content: str
    children: list[dict[str, Any]]


class OneDocument(Shape, frozen=True, kw_only=True):
    """A document with its Markdown."""

    slug: str
    title: str
    summary: str
    content: str
    tags: list[str]
    sections: list[SectionItem]


class SectionTree(Shape, frozen=True, kw_only=True):
    """The sections of a document."""

    document_slug: str
    document_title: str
    sections: list[SectionItem]


class PageSearch(Shape, frozen=True, kw_only=True):
    """A section that was found; ``relevance_score`` is 1 for the best."""

    title: str
    content: str
    snippet: str
    document_slug: str
    document_title: str
    section_anchor: str
    relevance_score: float
    tags: list[str]


class SearchResults(Shape, frozen=True, kw_only=True):
    """The best of what was found; ``total`` counts all of it."""

    query: str
    total: int
    results: list[PageSearch]


class TagItem(Shape, frozen=True, kw_only=True):
    """A tag and how many documents have it."""

    name: str
    count: int


class TagList(Shape, frozen=True, kw_only=True):
    """Every tag."""

    tags: list[TagItem]
    total: int


class TagDocuments(Shape, frozen=True, kw_only=True):
    """The documents of a tag."""

    tag: str
    total: int
    documents: list[DocumentItem]


class Reference(Shape, frozen=True, kw_only=True):
    """A section that links to something, or speaks of it."""

    document_slug: str
    document_title: str
    section_anchor: str
    section_title: str
    text: str


class TermItem(Shape, frozen=True, kw_only=True):
    """A term; ``backlinks`` are the sections that speak of it."""

    term: str
    abbreviation: str | None
    definition: str
    anchor: str
    document_slug: str
    backlinks: list[Reference]


class Glossary(Shape, frozen=True, kw_only=True):
    """Every term."""

    total: int
    entries: list[TermItem]


class References(Shape, frozen=True, kw_only=True):
    """What links to an anchor."""

    target_anchor: str
    total: int
    backlinks: list[Reference]


def item(one: Document) -> DocumentItem:
    """A document in a list."""
    return DocumentItem(
        slug=one.slug,
        title=one.title,
        summary=one.summary,
        tags=list(one.tags),
        section_count=len(list(one.walk())),
    )


def section(one: Section) -> SectionItem:
    """A section with all below it."""
    return SectionItem(
        anchor=one.anchor,
        title=one.title,
        level=one.level,
        content=one.content,
        children=[_below(child) for child in one.children],
    )


def _below(one: Section) -> dict[str, Any]:
    return {
        "anchor": one.anchor, "title": one.title, "level": one.level, "content": one.content,
        "children": [_below(child) for child in one.children],
    }  # fmt: skip


def whole(one: Document) -> OneDocument:
    """A document with everything in it."""
    return OneDocument(
        slug=one.slug,
        title=one.title,
        summary=one.summary,
        content=one.content,
        tags=list(one.tags),
        sections=[section(child) for child in one.sections],
    )


def result(hit: Hit) -> PageSearch:
    """What was found."""
    document, found = hit.place.document, hit.place.section
    return PageSearch(
        title=found.title,
        content=found.content[:2000],
        snippet=hit.snippet,
        document_slug=document.slug,
        document_title=document.title,
        section_anchor=found.anchor,
        relevance_score=round(hit.score, 4),
        tags=list(document.tags),
    )


def reference(link: Backlink) -> Reference:
    """What links here."""
    document, found = link.place.document, link.place.section
    return Reference(
        document_slug=document.slug,
        document_title=document.title,
        section_anchor=found.anchor,
        section_title=found.title,
        text=link.text,
    )


def term(base: Knowledge, one: Term, *, linked: bool) -> TermItem:
    """A term, with what speaks of it if ``linked``."""
    return TermItem(
        term=one.term,
        abbreviation=one.abbreviation,
        definition=one.definition,
        anchor=one.anchor,
        document_slug="glossary",
        backlinks=[reference(link) for link in base.backlinks(one.anchor)] if linked else [],
    )
