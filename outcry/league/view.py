"""The league as tables for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from openoutcry.league.resampling import Interval
from openoutcry.league.standing import Standing
from openoutcry.minds.contamination import SAID
from outcry.league.table import League

HEAD = (
    "",
    "entrant",
    "return",
    "Sharpe",
    "95 %",
    "above holding",
    "DSR",
    "Brier",
    "ECE",
    "$/decision",
    "decisions",
    "read?",
)


def lines(done: League, origin: Mapping[str, str]) -> Iterator[str]:
    """Everything, world by world."""
    for scope, rows in done.standings.items():
        yield ""
        yield f"{scope}: {told}" if (told := truth(done, scope)) else scope
        yield from aligned([HEAD, *(cells(row) for row in rows)])
        for name, reason in done.absent.get(scope, {}).items():
            yield f"  {name} did not run here: {reason}"
    yield from _verdicts(done)
    out = [one for one in done.entrants if one.reason]
    if out:
        yield ""
        yield "not run"
        yield from (f"  {one.name:<38} {one.reason}" for one in out)
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in origin.items())


def cells(row: Standing) -> tuple[str, ...]:
    """A row of the table."""
    return (
        "-" if row.rank is None else str(row.rank),
        row.entrant,
        f"{row.total_return:+.1%}",
        short(row.sharpe),
        span(row.sharpe_interval),
        f"{row.excess:+.1%}" if row.better is not None else "",
        short(row.deflated_sharpe),
        short(row.brier, 3),
        short(row.ece, 3),
        f"{row.usd_per_decision:.4f}",
        str(row.decisions),
        marked(row),
    )


def marked(row: Standing) -> str:
    """Whether its model may have read what came, and of how many decisions."""
    count = row.marks.get(row.mark, 0)
    words = SAID[row.mark]
    return f"{words} ({count} of {row.decisions})" if words and count != row.decisions else words


def short(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash for what is not known."""
    return "-" if value is None else f"{value:.{digits}f}"


def span(found: Interval | None) -> str:
    """An interval."""
    return "-" if found is None else f"{found.low:.1f} to {found.high:.1f}"


def aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as what stands in them; names to the left, figures to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        parts = [
            cell.ljust(width) if at in (1, len(row) - 1) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(parts)).rstrip()


def truth(done: League, scope: str) -> str:
    """What is known of a world."""
    found = next((one.truth for one in done.worlds if one.name == scope), None)
    told: dict[Any, str] = {
        "moods": "made up, with stretches of known drift",
        "nothing": "made up by the toss of a coin; there is nothing to find",
    }
    return told.get(found, "")


def _verdicts(done: League) -> Iterator[str]:
    if done.twins or done.controls:
        yield ""
    for one in done.twins:
        trusted = one.trusted
        figures = ""
        if trusted.excess is not None:
            figures = f" ({trusted.excess:+.1%}, 95 % {percent(trusted.excess_interval)}, {trusted.windows} windows)"
        yield f"{one.model} against the rules of its seat: {one.verdict}{figures}"
    for found in done.controls:
        names = f": {', '.join(found.found)}" if found.found else ""
        yield f"{found.world}: {len(found.found)} of {found.entrants} entrants seem to have found something{names}"


def percent(found: Interval | None) -> str:
    """An interval of returns."""
    return "-" if found is None else f"{found.low:+.1%} to {found.high:+.1%}"
