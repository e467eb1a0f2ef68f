"""Everything that can be asked of the handbook. Built once from its pages, then only read."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.errors import NotFound
from openoutcry.knowledge.document import Document, Section, document, links, plain
from openoutcry.knowledge.generated import pages
from openoutcry.knowledge.glossary import Term, terms
from openoutcry.knowledge.index import Entry, Index, tokens

GLOSSARY = "glossary"
TOPICS: Mapping[str, tuple[str, ...]] = {
    "agents": ("agent", "agents", "vote", "votes"), "api": ("api", "http"), "backtesting": ("backtest", "backtests"),
    "data": ("data", "candles", "exchange"), "hedging": ("hedge", "hedges", "hedging"), "jobs": ("jobs", "workers"),
    "mcp": ("mcp", "tools"), "metrics": ("metrics", "figures"), "operations": ("storage", "postgres", "ledger"),
    "regimes": ("regime", "regimes"), "risk": ("risk",), "signals": ("signals", "indicators"),
    "strategies": ("strategy", "strategies", "registry"), "sweeps": ("sweep", "sweeps"),
}  # fmt: skip
"""A page has a tag when one of its words is in the page's name or title."""
SNIPPET = 240


@dataclass(frozen=True, slots=True)
class Place:
    """A section of a document."""

    document: Document
    section: Section


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that was found; ``score`` is 1 for the best of a search."""

    place: Place
    score: float
    snippet: str


@dataclass(frozen=True, slots=True)
class Backlink:
    """A section that links to something, or speaks of it."""

    place: Place
    text: str


class Knowledge:
    """The pages by slug, their words, and the terms of the glossary."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = {one.slug: one for one in sorted(documents, key=lambda one: one.slug)}
        glossary = self.documents.get(GLOSSARY)
        self.terms = terms(glossary) if glossary else ()
        self._places = [Place(one, section) for one in self.documents.values() for section in one.walk()]
        entries = [
            Entry(key, f"{place.section.title} {place.document.title}", place.section.content)
            for key, place in enumerate(self._places)
        ]
        self._index = Index(entries, _synonyms(self.terms))

    def document(self, slug: str) -> Document:
        """A document. Raises NotFound."""
        if slug not in self.documents:
            raise NotFound(f"no document is named {slug[:80]!r}")
        return self.documents[slug]

    def term(self, name: str) -> Term:
        """A term by its name, abbreviation or anchor, in any case. Raises NotFound."""
        wanted = name.strip().lower()
        for term in self.terms:
            if wanted == term.anchor or wanted in [one.lower() for one in term.names()]:
                return term
        raise NotFound(f"the glossary has no term {name[:80]!r}")

    def tags(self) -> dict[str, int]:
        """Every tag and how many documents have it."""
        found: dict[str, int] = {}
        for one in self.documents.values():
            for tag in one.tags:
                found[tag] = found.get(tag, 0) + 1
        return dict(sorted(found.items()))

    def tagged(self, tag: str) -> list[Document]:
        """The documents of a tag. Raises NotFound."""
        found = [one for one in self.documents.values() if tag.lower() in one.tags]
        if not found:
            raise NotFound(f"no document has the tag {tag[:80]!r}")
        return found

    def search(self, query: str, *, expand: bool = True, tags: Sequence[str] = ()) -> list[Hit]:
        """The sections that fit a query, best first; with ``tags`` only of documents that have one of them."""
        wanted = {tag.lower() for tag in tags}
        found = [
            (self._places[key], score)
            for key, score in self._index.search(query, expand=expand)
            if not wanted or wanted & set(self._places[key].document.tags)
        ]
        return [Hit(place, score / found[0][1], _snippet(place.section, query)) for place, score in found]

    def backlinks(self, target: str) -> list[Backlink]:
        """The sections that link to a document, to a heading (``slug#anchor`` or its anchor), or that speak of a term."""
        name = target.strip().lstrip("#").lower()
        found = [
            Backlink(place, text)
            for place in self._places
            for text, link in links(place.section.content)
            if name in _targets(place.document, link)
        ]
        term = next((term for term in self.terms if term.anchor == name), None)
        if term is not None:
            found += [Backlink(place, term.term) for place in self._places if _speaks(place, term)]
        return found


def knowledge(files: Mapping[str, str]) -> Knowledge:
    """The knowledge base of pages by path, with those that are made from the code."""
    own = [document(_slug(path), text, path=path, tags=_tags(path, text)) for path, text in files.items()]
    return Knowledge([*own, *pages()])


def _targets(page: Document, link: str) -> tuple[str, ...]:
    """What a link on a page may be called: the page it leads to, the heading there, and both."""
    path, _, heading = link.partition("#")
    beside = posixpath.join(posixpath.dirname(page.path), path)
    slug = _slug(posixpath.normpath(beside)) if path else page.slug
    return (slug, heading, f"{slug}#{heading}") if heading else (slug,)


def _slug(path: str) -> str:
    return path.removesuffix(".md").replace("/", "-").lower()


def _tags(path: str, text: str) -> tuple[str, ...]:
    said = set(tokens(f"{path.removesuffix('.md')} {text.partition(chr(10))[0]}"))
    kind = "decision" if path.startswith("decisions/") else "guide"
    return (kind, *(topic for topic, marks in TOPICS.items() if said & set(marks)))


def _synonyms(found: Sequence[Term]) -> dict[str, list[str]]:
    """An abbreviation is asked for with its words, and a term of one word with its abbreviation."""
    other: dict[str, list[str]] = {}
    for term in found:
        if term.abbreviation is not None:
            other.setdefault(term.abbreviation.lower(), []).append(term.term)
            if term.term.isalpha():
                other.setdefault(term.term.lower(), []).append(term.abbreviation)
    return other


def _speaks(place: Place, term: Term) -> bool:
    """Whether a section outside the glossary has the term's words beside each other."""
    if place.document.slug == GLOSSARY:
        return False
    text = f" {' '.join(tokens(place.section.title + ' ' + place.section.content))} "
    return any(f" {' '.join(tokens(name))} " in text for name in term.names())


def _snippet(section: Section, query: str) -> str:
    """The text around the first word of the query, else its beginning."""
    text = " ".join(plain(section.content).split())
    lower = text.lower()
    first = min((at for word in tokens(query) if (at := lower.find(word)) >= 0), default=0)
    start = max(0, first - SNIPPET // 3)
    cut = text[start : start + SNIPPET]
    return f"{'… ' if start else ''}{cut}{' …' if start + SNIPPET < len(text) else ''}"
