"""The report on the agents as a page of its own: reliability diagrams, the weights over time, and every score."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from openoutcry.learning.report import Report
from openoutcry.voting.calibration import Bin
from outcry.agentsview import DEBATED, DEBATES, HEAD, debated, figures, short, thinned

STATED, CALIBRATED = "#d62728", "#1f77b4"
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")
SIDE, WIDE, HIGH, MARGIN = 220, 900, 220, 34
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
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Agents</title><style>{style}</style></head><body>
<h1>How far the voices can be believed</h1>
<p>As of {as_of:%Y-%m-%d %H:%M} UTC: {judged:,} votes judged by the price at their own horizon, {pending:,} pending. Each diagram
shows words of held-out windows: <span style="color:{stated}">as stated</span> and <span style="color:{calibrated}">calibrated by
what was known before</span>. On the dotted line a word is right as often as it says; a dot's size is how often it was said.</p>
{diagrams}
<h2>What each weighs</h2>
<p>Fixed-share Hedge over {rounds:,} rounds lost {loss:.1f}, equal weights {equal:.1f}; it may lose {bound:.1f} more than any one
agent, and lost {regret:.1f} more than the best.</p>
{weights}
{debates}
<h2>All scores</h2>
<table>{table}</table>
</body></html>
"""


def page(done: Report) -> str:
    """The whole page; it needs nothing else."""
    shared = done.shared
    return PAGE.format(
        style=STYLE,
        as_of=done.as_of,
        judged=done.judged,
        pending=done.pending,
        stated=STATED,
        calibrated=CALIBRATED,
        diagrams="".join(_diagram(one.agent, one.stated, one.calibrated) for one in done.ahead),
        rounds=shared.rounds,
        loss=shared.loss,
        equal=shared.equal_loss,
        bound=shared.bound,
        regret=max(shared.regret.values(), default=0.0),
        weights=_weights(shared.history),
        debates=_debates(done),
        table=_row("th", HEAD)
        + "".join(_row("td", (r.agent, r.word, r.climate, r.reach, *figures(r.scores))) for r in done.rows),
    )


def _debates(done: Report) -> str:
    """What rebuttals did and cost; nothing where there were none."""
    if not done.debates:
        return ""
    rows = "".join(_row("td", debated(one)) for one in done.debates)
    return f"<h2>What debates did</h2>\n<p>{escape(DEBATES)}.</p>\n<table>{_row('th', DEBATED)}{rows}</table>"


def _row(cell: str, values: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(value)}</{cell}>' for value in values)}</tr>\n"


def _diagram(agent: str, stated: Any, calibrated: Any) -> str:
    said = (
        f"{agent}: ECE {short(stated.ece)} stated, {short(calibrated.ece)} calibrated; {stated.cases} words"
    )
    top, end = MARGIN, MARGIN + SIDE
    parts = [
        _frame(SIDE, SIDE),
        f'<path d="M{top} {end}L{end} {top}" stroke="#999" stroke-dasharray="3 3"/>',
        *_dots(STATED, stated.bins),
        *_dots(CALIBRATED, calibrated.bins),
        _text(top + SIDE / 2, end + 26, "confidence", "middle"),
        _text(6, top - 10, "share that was right"),
        _text(top, end + 14, "0", "middle"),
        _text(end, end + 14, "1", "middle"),
        _text(top - 6, top + 4, "1", "end"),
    ]
    return f"<figure>{_svg(SIDE, SIDE, parts)}<figcaption>{escape(said)}</figcaption></figure>\n"


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


def _weights(history: Sequence[Any]) -> str:
    steps = thinned(history)
    parts = [_frame(WIDE, HIGH), _text(6, MARGIN + 4, "1"), _text(6, MARGIN + HIGH, "0")]
    for number, name in enumerate(sorted(steps[0])):
        colour = COLOURS[number % len(COLOURS)]
        points = (
            f"{MARGIN + WIDE * at / max(1, len(steps) - 1):.1f} {MARGIN + HIGH * (1 - step[name]):.1f}"
            for at, step in enumerate(steps)
        )
        parts.append(f'<path d="M{"L".join(points)}" stroke="{colour}" stroke-width="1.5" fill="none"/>')
        label = f"{escape(name)} {steps[-1][name]:.2f}"
        parts.append(
            f'<text x="{MARGIN + 130 * number}" y="{MARGIN - 10}" style="fill:{colour}">{label}</text>'
        )
    return _svg(WIDE, HIGH, parts)


def _frame(width: int, height: int) -> str:
    return f'<rect x="{MARGIN}" y="{MARGIN}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{words}</text>'


def _svg(width: int, height: int, parts: Iterable[str]) -> str:
    size = f'width="{width + 2 * MARGIN}" height="{height + 2 * MARGIN}"'
    return f'<svg {size} role="img">{"".join(parts)}</svg>'
