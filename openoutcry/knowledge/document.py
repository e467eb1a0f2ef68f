"""A Markdown page as a document: title, summary, tree of sections, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
FENCE = re.compile(r"\s*(```|~~~)")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
MARKS = re.compile(r"[`*]|\[([^\]]*)\]\([^)]*\)")
MOST_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it up to the next one of any level; ``children`` are the deeper ones below it."""

    anchor: str
    title: str
    level: int
    content: str
    children: tuple["Section", ...] = ()

    def walk(self) -> Iterator["Section"]:
        """This section and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Document:
    """A page; ``path`` is where it lies, '' for one that is generated."""

    slug: str
    title: str
    summary: str
    content: str
    path: str
    tags: tuple[str, ...]
    sections: tuple[Section, ...]

    def walk(self) -> Iterator[Section]:
        """Every section, in reading order."""
        for section in self.sections:
            yield from section.walk()


def document(slug: str, content: str, *, path: str = "", tags: tuple[str, ...] = ()) -> Document:
    """The document of a page of Markdown."""
    flat = _flat(content)
    title = next((one.title for one in flat if one.level == 1), slug)
    return Document(slug, title, _summary(flat), content, path, tags, _tree(flat))


def anchor(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", plain(title).lower()).strip().replace(" ", "-")


def plain(text: str) -> str:
    """Markdown without its marks."""
    return MARKS.sub(lambda mark: mark[1] or "", text).strip()


def links(text: str) -> Iterator[tuple[str, str]]:
    """(text, target) of every link within the handbook."""
    for words, target in LINK.findall(text):
        if "://" not in target:
            yield words, target


def _flat(content: str) -> list[Section]:
    """Every section by itself; text before the first heading is dropped with nothing lost but comments."""
    found: list[tuple[int, str, list[str]]] = []
    fenced = False
    for line in content.splitlines():
        fenced ^= bool(FENCE.match(line))
        heading = None if fenced else HEADING.fullmatch(line)
        if heading:
            found.append((len(heading[1]), plain(heading[2]), []))
        elif found:
            found[-1][2].append(line)
    seen: dict[str, int] = {}
    sections = []
    for level, title, lines in found:
        name = anchor(title)
        seen[name] = seen.get(name, -1) + 1
        unique = f"{name}-{seen[name]}" if seen[name] else name
        sections.append(Section(unique, title, level, "\n".join(lines).strip()))
    return sections


def _tree(flat: list[Section]) -> tuple[Section, ...]:
    made: list[Section] = []
    index = 0
    while index < len(flat):
        head = flat[index]
        end = next((at for at in range(index + 1, len(flat)) if flat[at].level <= head.level), len(flat))
        children = _tree(flat[index + 1 : end])
        made.append(Section(head.anchor, head.title, head.level, head.content, children))
        index = end
    return tuple(made)


def _summary(flat: list[Section]) -> str:
    """The first paragraph that is one."""
    for section in flat:
        for part in section.content.split("\n\n"):
            text = " ".join(plain(part).split())
            if text and not part.lstrip().startswith(("```", "|", "<!--")):
                return text if len(text) <= MOST_SUMMARY else f"{text[:MOST_SUMMARY].rsplit(' ', 1)[0]} …"
    return ""
