"""The report on the agents as a page of its own: reliability diagrams, the weights over time, and every score."""

from collections.abc import Sequence
from html import escape
from typing import Any

from openoutcry.learning.report import Report
from openoutcry.minds.contamination import SAID
from outcry.agentsview import DEBATED, DEBATES, HEAD, debated, figures, short, thinned
from outcry.drawing import (
    COLOURS,
    HIGH,
    MARGIN,
    POLICY,
    STYLE,
    WIDE,
    frame,
    line,
    reliability,
    row,
    svg,
    text,
)

STATED, CALIBRATED = "#d62728", "#1f77b4"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Agents</title><style>{style}</style></head><body>
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
{readings}
<table>{table}</table>
</body></html>
"""


def page(done: Report) -> str:
    """The whole page; it needs nothing else."""
    shared = done.shared
    return PAGE.format(
        style=STYLE,
        policy=POLICY,
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
        readings="".join(f"<p>{escape(one.told)}.</p>" for one in done.readings),
        table=row("th", HEAD)
        + "".join(
            row("td", (r.agent, r.word, r.climate, r.reach, *figures(r.scores), SAID[r.mark]))
            for r in done.rows
        ),
    )


def _debates(done: Report) -> str:
    """What rebuttals did and cost; nothing where there were none."""
    if not done.debates:
        return ""
    rows = "".join(row("td", debated(one)) for one in done.debates)
    return f"<h2>What debates did</h2>\n<p>{escape(DEBATES)}.</p>\n<table>{row('th', DEBATED)}{rows}</table>"


def _diagram(agent: str, stated: Any, calibrated: Any) -> str:
    said = (
        f"{agent}: ECE {short(stated.ece)} stated, {short(calibrated.ece)} calibrated; {stated.cases} words"
    )
    return reliability(said, {STATED: stated.bins, CALIBRATED: calibrated.bins})


def _weights(history: Sequence[Any]) -> str:
    steps = thinned(history)
    parts = [frame(WIDE, HIGH), text(6, MARGIN + 4, "1"), text(6, MARGIN + HIGH, "0")]
    for number, name in enumerate(sorted(steps[0])):
        colour = COLOURS[number % len(COLOURS)]
        points = [
            (MARGIN + WIDE * at / max(1, len(steps) - 1), MARGIN + HIGH * (1 - step[name]))
            for at, step in enumerate(steps)
        ]
        parts.append(line(points, colour))
        parts.append(text(MARGIN + 130 * number, MARGIN - 10, f"{name} {steps[-1][name]:.2f}", colour=colour))
    return svg(WIDE, HIGH, parts)
