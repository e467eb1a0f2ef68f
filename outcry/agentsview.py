"""The report on the agents as a table for a terminal, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from openoutcry.learning.rebuttals import Effect
from openoutcry.learning.report import Report
from openoutcry.minds.contamination import SAID, Reading
from openoutcry.voting.calibration import Calibration

POINTS = 400
"""Points that a line of weights is drawn with."""
DEBATES = "Debates: the same rounds before and after the rebuttals; below 0 they made the Brier score better"
DEBATED = (
    "voice",
    "rounds",
    "turned",
    "stood",
    "judged",
    "Brier",
    "-> Brier",
    "change",
    "95 %",
    "first votes",
    "rebuttals",
)
WIDTHS = (16, 8, 8, 8, 8, 8, 10, 8, 16, 13, 13)
HEAD = ("agent", "word", "climate", "reach", "cases", "right", "brier", "skill", "log loss", "ECE", "read?")


def plain(done: Report) -> dict[str, Any]:
    """The report as JSON, the path of the weights thinned."""
    body = asdict(done)
    body["as_of"] = done.as_of.isoformat()
    body["since"] = None if done.since is None else done.since.isoformat()
    body["rows"] = [
        {**asdict(row), "scores": row.scores._asdict() | {"bins": _bins(row.scores)}} for row in done.rows
    ]
    body["ahead"] = [
        {
            "agent": one.agent,
            "stated": one.stated._asdict() | {"bins": _bins(one.stated)},
            "calibrated": one.calibrated._asdict() | {"bins": _bins(one.calibrated)},
            "base_brier": one.base_brier,
        }
        for one in done.ahead
    ]
    body["shared"]["history"] = [dict(step) for step in thinned(done.shared.history)]
    body["learned"] = done.learned.model_dump(mode="json", exclude={"version"})
    body["readings"] = [told(one) for one in done.readings]
    body["debates"] = [
        {**asdict(one), "first_usd": str(one.first_usd), "rebuttal_usd": str(one.rebuttal_usd)}
        for one in done.debates
    ]
    return body


def table(done: Report) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"As of {done.as_of:%Y-%m-%d %H:%M} UTC: {done.judged:,} votes judged, {done.pending:,} pending."
    yield "".join(f"{name:>10}" if index > 3 else f"{name:<12}" for index, name in enumerate(HEAD))
    for row in done.rows:
        cells = (row.agent, row.word, row.climate, row.reach, *figures(row.scores), SAID[row.mark])
        line = "".join(f"{cell:>10}" if index > 3 else f"{cell:<12}" for index, cell in enumerate(cells[:-1]))
        yield f"{line}  {cells[-1]}".rstrip()
    yield from (reading.told for reading in done.readings)
    yield ""
    yield "Held-out windows: as stated, calibrated by what was known before, and at the usual rate"
    yield f"{'agent':<16}{'cases':>8}{'ECE':>9}{'-> ECE':>9}{'Brier':>9}{'-> Brier':>10}{'base rate':>11}"
    for one in done.ahead:
        yield (
            f"{one.agent:<16}{one.stated.cases:>8}{short(one.stated.ece):>9}{short(one.calibrated.ece):>9}"
            f"{short(one.stated.brier):>9}{short(one.calibrated.brier):>10}{short(one.base_brier):>11}"
        )
    yield ""
    shared = done.shared
    yield (
        f"Weights by fixed-share Hedge over {shared.rounds:,} rounds: lost {shared.loss:.1f}, equal weights "
        f"{shared.equal_loss:.1f}; regret may be at most {shared.bound:.1f}"
    )
    for name, weight in sorted(shared.weights.items(), key=lambda item: -item[1]):
        best = "  best fixed agent" if name == shared.best else ""
        yield f"  {name:<16}{weight:>8.3f}   regret {shared.regret[name]:>8.1f}{best}"
    if done.debates:
        yield ""
        yield DEBATES
        for cells in (DEBATED, *map(debated, done.debates)):
            yield "".join(f"{cell:>{WIDTHS[at]}}" if at else f"{cell:<16}" for at, cell in enumerate(cells))


def told(one: Reading) -> dict[str, Any]:
    """What a model may have read, as JSON."""
    until = None if one.knows_until is None else one.knows_until.isoformat()
    return {**asdict(one), "marks": dict(one.marks), "knows_until": until}


def debated(one: Effect) -> tuple[str, ...]:
    """The cells of a row on debates: the interval is of the change, dollars are the rebuttals'."""
    sure = "-" if one.low is None or one.high is None else f"{one.low:+.3f}..{one.high:+.3f}"
    change = "-" if one.change is None else f"{one.change:+.3f}"
    counts = (one.rounds, one.turned, one.stood, one.judged)
    briers = (short(one.brier_before), short(one.brier_after), change, sure)
    dollars = (f"${one.first_usd.normalize():f}", f"${one.rebuttal_usd.normalize():f}")
    return (one.agent, *map(str, counts), *briers, *dollars)


def thinned(history: Sequence[Any]) -> list[Any]:
    """At most so many steps that a line can be drawn through them, the last one always."""
    every = max(1, len(history) // POINTS)
    thin = list(history[::every])
    return thin if not history or thin[-1] is history[-1] else [*thin, history[-1]]


def figures(scores: Calibration) -> tuple[str, ...]:
    """The cells of a row from its cases on."""
    wanted = (scores.accuracy, scores.brier, scores.brier_skill, scores.log_loss, scores.ece)
    return (str(scores.cases), *(short(value) for value in wanted))


def short(value: float | None) -> str:
    """Three decimals, or a dash for what is not known."""
    return "-" if value is None else f"{value:.3f}"


def _bins(scores: Calibration) -> list[dict[str, Any]]:
    return [asdict(one) for one in scores.bins]
