"""The glossary: terms and what they mean, read from a page of ``**Term** (ABBR): meaning`` paragraphs."""

import re
from dataclasses import dataclass

from openoutcry.knowledge.document import Document, anchor, plain

ENTRY = re.compile(r"\*\*(?P<term>[^*]+)\*\*(?: \((?P<short>[^)]+)\))?: (?P<meaning>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the floor's own language."""

    term: str
    abbreviation: str | None
    definition: str
    anchor: str

    def names(self) -> tuple[str, ...]:
        """What it is called."""
        return (self.term,) if self.abbreviation is None else (self.term, self.abbreviation)


def terms(page: Document) -> tuple[Term, ...]:
    """The terms of the glossary's page, in its order."""
    found = []
    for part in page.content.split("\n\n"):
        match = ENTRY.fullmatch(part.strip())
        if match:
            meaning = " ".join(plain(match["meaning"]).split())
            found.append(Term(match["term"], match["short"], meaning, anchor(match["term"])))
    return tuple(found)
