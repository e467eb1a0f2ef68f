"""HTML out of values: every text goes through ``text``, so no value is ever markup."""

from collections.abc import Iterable
from html import escape


def text(value: object) -> str:
    """A value as text that is only text."""
    return escape(str(value), quote=True)


def section(name: str, title: str, body: str, note: str = "") -> str:
    """A part of the page; ``body`` is markup."""
    aside = f'<p class="note">{text(note)}</p>' if note else ""
    return f'<section id="{text(name)}"><h2>{text(title)}</h2>{aside}{body}</section>'


def table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "") -> str:
    """A table of texts."""
    top = "".join(f"<th>{text(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    header = f"<thead><tr>{top}</tr></thead>" if top else ""
    return f'<div class="scroll"><table class="{text(kind)}">{header}<tbody>{body}</tbody></table></div>'
