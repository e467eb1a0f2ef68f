"""A feed's bytes as items: RSS 2.0, Atom, or JSON (JSON Feed, or a plain list). Whoever wrote them is not trusted.

No DTD and no entity (nothing grows on reading), at most 200 items; an item without a title or a time that can be read is
left out and counted. Items of the future are the reader's to withhold.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from xml.etree import ElementTree

from openoutcry.errors import BadInput
from openoutcry.minds.envelope import hidden
from openoutcry.news.item import LONGEST_BODY, LONGEST_TITLE, NewsItem

LARGEST = 1_000_000
MOST = 200
Parts = tuple[Any, Any, Any]
"""Title, body and time of an item, unread."""


def parse_feed(data: bytes, source: str) -> tuple[tuple[NewsItem, ...], int]:
    """The items, newest last, and how many were left out. Raises BadInput for what is no feed."""
    if len(data) > LARGEST:
        raise BadInput(f"feed {source}: larger than {LARGEST} bytes", field="feed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"feed {source}: not UTF-8", field="feed") from None
    raw = list(_json(text, source) if text.lstrip()[:1] in ("{", "[") else _xml(text, source))[:MOST]
    items = [item for parts in raw if (item := _item(parts, source)) is not None]
    unique = {item.hash: item for item in items}
    return tuple(sorted(unique.values(), key=lambda item: (item.published_at, item.hash))), len(raw) - len(
        items
    )


def _json(text: str, source: str) -> Iterator[Parts]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"feed {source}: not JSON", field="feed") from None
    rows = value.get("items") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise BadInput(f"feed {source}: has no list of items", field="feed")
    for row in rows:
        if isinstance(row, dict):
            body = row.get("content_text") or row.get("summary") or row.get("body") or ""
            yield row.get("title"), body, row.get("date_published") or row.get("published_at")


def _xml(text: str, source: str) -> Iterator[Parts]:
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise BadInput(f"feed {source}: declares a DTD or an entity", field="feed")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError):
        raise BadInput(f"feed {source}: not XML", field="feed") from None
    for node in root.iter():
        if _name(node) in ("item", "entry"):
            found = {_name(child): "".join(child.itertext()) for child in node}
            body = found.get("description") or found.get("summary") or found.get("content") or ""
            at = found.get("pubDate") or found.get("published") or found.get("updated") or found.get("date")
            yield found.get("title"), body, at


def _name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _item(parts: Parts, source: str) -> NewsItem | None:
    title, body, at = parts
    published = _time(at)
    if not isinstance(title, str) or not isinstance(body, str) or published is None:
        return None
    shown = _plain(title)[:LONGEST_TITLE]
    return (
        NewsItem(published_at=published, source=source, title=shown, body=_plain(body)[:LONGEST_BODY])
        if shown
        else None
    )


def _time(value: Any) -> datetime | None:
    """ISO 8601 or RFC 2822; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > 60:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(value.strip())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _plain(text: str) -> str:
    """Words without markup and without what nobody sees."""
    bare = re.sub(r"<[^>]{0,500}>", " ", unescape(text[: 4 * LONGEST_BODY]))
    return " ".join("".join(" " if c.isspace() else c for c in bare if c.isspace() or not hidden(c)).split())
