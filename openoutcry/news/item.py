"""One item of news. Its words were written by anybody: they are data wherever they go."""

import hashlib
from datetime import datetime

from pydantic import Field

from openoutcry.types.frozen import Frozen

LONGEST_TITLE, LONGEST_BODY = 300, 2_000


class NewsItem(Frozen):
    """A headline and the beginning of its text. ``source`` is the feed's name as configured, never as it calls itself."""

    published_at: datetime
    source: str = Field(max_length=60)
    title: str = Field(min_length=1, max_length=LONGEST_TITLE)
    body: str = Field(default="", max_length=LONGEST_BODY)

    @property
    def hash(self) -> str:
        """SHA-256 of source, title and body, by which it is known."""
        return hashlib.sha256(f"{self.source}\n{self.title}\n{self.body}".encode()).hexdigest()
