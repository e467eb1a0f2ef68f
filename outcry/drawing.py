"""Charts as SVG for pages that need nothing else: frames, lines, reliability diagrams, intervals."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from openoutcry.voting.calibration import Bin

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")
SIDE, WIDE, HIGH, MARGIN = 220, 900, 220, 34
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""A page may ask for nothing: no network, no other file, no script."""
STYLE = """
body { font: 14px system-ui, sans-serif; max-width: 1080px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .25em .7em; border-bottom: 1px solid #ddd; text-align: right }
td:first-child, th:first-child { text-align: left }
figure { display: inline-block; margin: .5em 1em .5em 0 }
figcaption { font-size: 13px; color: #555; max-width: 280px }
svg { background: #fafafa }
svg text { font: 11px system-ui, sans-serif; fill: #555 }
"""


def row(cell: str, values: Iterable[str]) -> str:
    """A row of a table; every value is only text."""
    return f"<tr>{''.join(f'<{cell}>{escape(value)}</{cell}>' for value in values)}</tr>\n"


def reliability(caption: str, dots: Mapping[str, Sequence[Bin]]) -> str:
    """How often words were right over how sure they were: bins by colour, the diagonal is where they agree."""
    top, end = MARGIN, MARGIN + SIDE
    parts = [
        frame(SIDE, SIDE),
        f'<path d="M{top} {end}L{end} {top}" stroke="#999" stroke-dasharray="3 3"/>',
        *(mark for colour, bins in dots.items() for mark in _dots(colour, bins)),
        text(top + SIDE / 2, end + 26, "confidence", "middle"),
        text(6, top - 10, "share that was right"),
        text(top, end + 14, "0", "middle"),
        text(end, end + 14, "1", "middle"),
        text(top - 6, top + 4, "1", "end"),
    ]
    return f"<figure>{svg(SIDE, SIDE, parts)}<figcaption>{escape(caption)}</figcaption></figure>\n"


def _dots(colour: str, bins: Sequence[Bin]) -> Iterable[str]:
    total = sum(one.count for one in bins) or 1
    path = []
    for one in bins:
        if one.mean_confidence is None or one.accuracy is None:
            continue
        x, y = MARGIN + SIDE * one.mean_confidence, MARGIN + SIDE * (1 - one.accuracy)
        size = 2 + 14 * (one.count / total) ** 0.5
        path.append(f"{x:.1f} {y:.1f}")
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{colour}" fill-opacity=".45"/>'
    if path:
        yield f'<path d="M{"L".join(path)}" stroke="{colour}" fill="none"/>'


def line(points: Iterable[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    """A line through points of the picture."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    return f'<path d="M{path}" stroke="{colour}" stroke-width="1.5" fill="none"{dash}/>'


def frame(width: int, height: int) -> str:
    """The border of what is drawn."""
    return f'<rect x="{MARGIN}" y="{MARGIN}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>'


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = "") -> str:
    """Words at a place; only text."""
    style = f' style="fill:{colour}"' if colour else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def svg(width: int, height: int, parts: Iterable[str]) -> str:
    """A picture of this size inside its margins."""
    size = f'width="{width + 2 * MARGIN}" height="{height + 2 * MARGIN}"'
    return f'<svg {size} role="img">{"".join(parts)}</svg>'
