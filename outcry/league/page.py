"""The league as a page of its own: how sure each figure is, every account, how far words held, and who did not run."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

from openoutcry.league.played import Played
from openoutcry.league.standing import Standing
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
from outcry.league.table import League
from outcry.league.view import HEAD, cells, percent, short, truth

POINTS = 600
"""Points that an account is drawn with."""
BAR, LABELS = 20, 250
MODEL = "#d62728"
OWN_STYLE = """
td:nth-child(2), th:nth-child(2), td:last-child, th:last-child { text-align: left }
tr.read td { background: #fdecea }
tr.unsure td { background: #fff6dd }
.legend span { margin-right: 1.2em; white-space: nowrap }
body { max-width: 1240px }
td, th { white-space: nowrap }
.note { color: #555; max-width: 900px }
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}"><title>League</title><style>{style}</style></head><body>
<h1>League</h1>
<p class="note">Everybody was asked at the same {decisions:,} moments and saw nothing later than each. BUY holds the whole account
until SELL or the word's horizon, filled at the next bar's open; fee, spread, slippage and models are paid. Intervals are 95 % of
{samples:,} redrawn histories (stationary bootstrap, blocks of {block} bars). DSR is the probability that the Sharpe ratio is
above what the best of as many worthless entrants would show. Results that a model may have read in training are marked and
not ranked; of a model whose cut-off nobody configured that is not known, and it is not ranked either.</p>
{verdicts}
{scopes}
<h2>How far their words held</h2>
<p class="note">Words with a confidence, by the price at their own horizon. On the dotted line a word is right as often as it
says; a dot's size is how often it was said.</p>
{diagrams}
<h2>Entrants</h2>
<table>{entrants}</table>
<p class="note">{origin}</p>
</body></html>
"""


def page(done: League, origin: Mapping[str, str]) -> str:
    """The whole page; it needs nothing else."""
    first = next(iter(done.standings.values()))
    return PAGE.format(
        policy=POLICY,
        style=STYLE + OWN_STYLE,
        decisions=sum(len(w.firsts) * len(w.shape.decisions()) for w in done.worlds),
        samples=done.asked["samples"],
        block=done.asked["block_bars"],
        verdicts=_verdicts(done),
        scopes="".join(_scope(done, scope, rows) for scope, rows in done.standings.items()),
        diagrams="".join(_diagram(one) for one in first if one.judged),
        entrants=_entrants(done),
        origin=escape(", ".join(f"{name} {value}" for name, value in origin.items())),
    )


def _verdicts(done: League) -> str:
    said = [
        f"<b>{escape(one.model)}</b> against the rules of its seat: {escape(one.verdict)}"
        + (
            ""
            if one.trusted.excess is None
            else f" ({one.trusted.excess:+.1%}, 95 % {percent(one.trusted.excess_interval)}, {one.trusted.windows} windows)"
        )
        for one in done.twins
    ]
    said += [
        f"<b>{escape(one.world)}</b>, where there is nothing to find: {len(one.found)} of {one.entrants} seem to have found"
        " something"
        for one in done.controls
    ]
    return f"<ul>{''.join(f'<li>{words}</li>' for words in said)}</ul>" if said else ""


def _scope(done: League, scope: str, rows: Sequence[Standing]) -> str:
    games = done.games.get(scope)
    parts = [
        f"<h2>{escape(scope)}</h2>",
        f'<p class="note">{escape(truth(done, scope))}</p>',
        _intervals(rows),
    ]
    if games is not None:
        parts.append(
            _accounts(
                games,
                [one.name for one in done.entrants if any(one.name in mine for mine in done.games.values())],
            )
        )
    parts.append(f"<table>{row('th', HEAD)}{''.join(_row(one) for one in rows)}</table>")
    gone = done.absent.get(scope, {})
    parts += [
        f'<p class="note">{escape(name)} did not run here: {escape(why)}</p>' for name, why in gone.items()
    ]
    return "\n".join(parts)


def _row(one: Standing) -> str:
    kind = {"contaminated": "read", "unknown": "unsure"}.get(one.mark, "")
    return row("td", cells(one)).replace("<tr>", f'<tr class="{kind}">', 1)


def _intervals(rows: Sequence[Standing]) -> str:
    """Each Sharpe ratio with its interval, best first."""
    known = [one for one in rows if one.sharpe_interval is not None and one.sharpe is not None]
    if not known:
        return ""
    ends = [end for one in known for end in one.sharpe_interval or ()]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = (WIDE - LABELS) / ((high - low) or 1.0)

    def place(value: float) -> float:
        return MARGIN + LABELS + (value - low) * scale

    height = BAR * len(known)
    parts = [
        frame(WIDE, height),
        f'<path d="M{place(0):.1f} {MARGIN}V{MARGIN + height}" stroke="#999" stroke-dasharray="3 3"/>',
        text(place(0), MARGIN - 8, "0", "middle"),
        text(place(low), MARGIN + height + 16, f"{low:.1f}", "middle"),
        text(place(high), MARGIN + height + 16, f"{high:.1f}", "middle"),
        text(MARGIN, MARGIN - 8, "Sharpe ratio of a year, 95 %"),
    ]
    for number, one in enumerate(known):
        assert one.sharpe_interval is not None and one.sharpe is not None
        y = MARGIN + BAR * (number + 0.5)
        colour = MODEL if one.mark != "none" else "#1f77b4" if one.rank is not None else "#999"
        parts += [
            text(MARGIN + 6, y + 4, f"{'-' if one.rank is None else one.rank}  {one.entrant}"),
            line([(place(one.sharpe_interval.low), y), (place(one.sharpe_interval.high), y)], colour),
            f'<circle cx="{place(one.sharpe):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>',
        ]
    return svg(WIDE, height, parts)


def _accounts(games: Mapping[str, Sequence[Played]], names: Sequence[str]) -> str:
    """Everybody's account, window after window, each window from 1; each of ``names`` has its colour in every world."""
    curves = {name: _curve(games[name]) for name in names if name in games}
    low = min(float(curve.min()) for curve in curves.values())
    high = max(float(curve.max()) for curve in curves.values())
    scale = HIGH / ((high - low) or 1.0)
    windows = next(iter(games.values()))
    total = len(next(iter(curves.values())))
    parts = [
        frame(WIDE, HIGH),
        text(2, MARGIN + 4, f"{high - 1:+.0%}"),
        text(2, MARGIN + HIGH, f"{low - 1:+.0%}"),
    ]
    at = 0
    for game in windows:
        x = MARGIN + WIDE * at / total
        parts.append(f'<path d="M{x:.1f} {MARGIN}V{MARGIN + HIGH}" stroke="#ddd"/>')
        parts.append(text(x + 3, MARGIN - 8, f"{game.bars.closed(0):%Y-%m-%d}"))
        at += len(game.bars)
    every = max(1, total // POINTS)
    legend = []
    for name, curve in curves.items():
        number = names.index(name)
        colour, dashed = COLOURS[number % len(COLOURS)], number >= len(COLOURS)
        points = [
            (MARGIN + WIDE * place / total, MARGIN + (high - curve[place]) * scale)
            for place in range(0, total, every)
        ]
        parts.append(line(points, colour, dashed=dashed))
        legend.append(f'<span style="color:{colour}">{"╍" if dashed else "━"} {escape(name)}</span>')
    return f'{svg(WIDE, HIGH, parts)}<p class="legend">{" ".join(legend)}</p>'


def _curve(games: Sequence[Played]) -> np.ndarray:
    return np.concatenate([game.line.equity(1.0) for game in games])


def _diagram(one: Standing) -> str:
    said = f"{one.entrant}: Brier {short(one.brier, 3)}, ECE {short(one.ece, 3)}; {one.judged} words"
    return reliability(said, {MODEL if one.mark != "none" else "#1f77b4": one.bins})


def _entrants(done: League) -> str:
    rows: Iterable[tuple[str, ...]] = (
        (
            one.name,
            one.kind,
            ""
            if one.kind != "model"
            else "unknown"
            if one.knows_until is None
            else one.knows_until.isoformat(),
            one.reason or "ran",
            one.description,
        )
        for one in done.entrants
    )
    return row("th", ("entrant", "kind", "has read until", "", "what it is")) + "".join(
        row("td", one) for one in rows
    )
