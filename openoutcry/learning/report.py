"""How well each voice did and what the floor would make of that: the figures behind ``outcry agents report``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from openoutcry.learning.climate import reach
from openoutcry.learning.fitting import held_out, known, learn
from openoutcry.learning.learned import Learned, word_of
from openoutcry.learning.rebuttals import Effect
from openoutcry.learning.share import Shared
from openoutcry.minds.contamination import (
    NOBODY_KNOWS,
    Cutoffs,
    Mark,
    Reading,
    Said,
    day_of,
    mark,
    readings,
    worst,
)
from openoutcry.voting.calibration import Calibration, calibrate
from openoutcry.voting.hindsight import Judged


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of one agent's words; ``climate`` and ``reach`` are "all" where they are taken together. ``mark`` says whether
    a model of its may have read what came.
    """

    agent: str
    word: str
    climate: str
    reach: str
    scores: Calibration
    mark: Mark = "none"


@dataclass(frozen=True, slots=True)
class Ahead:
    """Held-out windows: the same words as stated, as calibrated by what was known before, and at the rate that was usual."""

    agent: str
    stated: Calibration
    calibrated: Calibration
    base_brier: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """Of all votes whose end was known by ``as_of``, the first said at ``since`` (None without any); ``learned`` is the version
    that they would make, ``debates`` what rebuttals did to Brier scores and what they cost, ``readings``
    what models may have read before they said it.
    """

    since: datetime | None
    as_of: datetime
    judged: int
    pending: int
    rows: tuple[Row, ...]
    ahead: tuple[Ahead, ...]
    shared: Shared
    learned: Learned
    debates: tuple[Effect, ...] = ()
    readings: tuple[Reading, ...] = ()


def report(
    judged: Sequence[Judged],
    pending: int,
    as_of: datetime,
    debates: tuple[Effect, ...] = (),
    cutoffs: Cutoffs = NOBODY_KNOWS,
) -> Report:
    """Score, hold out, and learn. ``cutoffs`` say until when models have read. The agents come by name, "all" of them last."""
    past = known(judged, as_of)
    learned, shared = learn(past, as_of, "0.0.0")
    held = held_out(past)
    agents = sorted({one.agent for one in past})
    return Report(
        since=min((one.at for one in past), default=None),
        as_of=as_of,
        judged=len(past),
        pending=pending,
        rows=tuple(_rows(past, agents, cutoffs)),
        ahead=tuple(
            Ahead(
                agent=agent or "all",
                stated=calibrate([one for one in held.stated if agent in (None, one.agent)]),
                calibrated=calibrate([one for one in held.calibrated if agent in (None, one.agent)]),
                base_brier=calibrate([one for one in held.base if agent in (None, one.agent)]).brier,
            )
            for agent in (*agents, None)
        ),
        shared=shared,
        learned=learned,
        debates=debates,
        readings=readings(map(said, past), cutoffs),
    )


def said(one: Judged) -> Said:
    """A vote, as what may have been read."""
    return Said(one.agent, one.mind, day_of(one.at), one.source)


def _rows(past: Sequence[Judged], agents: Sequence[str], cutoffs: Cutoffs) -> list[Row]:
    rows = []

    def scored(agent: str, word: str, market: str, how_far: str, own: Sequence[Judged]) -> Row:
        found = worst(mark(one.mind, day_of(one.at), one.source, cutoffs) for one in own)
        return Row(agent, word, market, how_far, calibrate(own), found)

    for agent in agents:
        for word in ("entry", "hold"):
            own = [one for one in past if one.agent == agent and word_of(one.action) == word]
            if not own:
                continue
            rows.append(scored(agent, word, "all", "all", own))
            for cell in CELLS:
                rows += [scored(agent, word, *key, here) for key, here in _split(own, cell)]
    return list({(row.agent, row.word, row.climate, row.reach): row for row in rows}.values())


def _split(
    own: Sequence[Judged], cell: Callable[[Judged], tuple[str, str]]
) -> list[tuple[tuple[str, str], list[Judged]]]:
    found: dict[tuple[str, str], list[Judged]] = {}
    for one in own:
        found.setdefault(cell(one), []).append(one)
    return sorted(found.items())


CELLS: tuple[Callable[[Judged], tuple[str, str]], ...] = (
    lambda one: (one.market, "all"),
    lambda one: ("all", reach(one.horizon_bars)),
    lambda one: (one.market, reach(one.horizon_bars)),
)
"""How words are taken apart: by climate, by reach, by both."""
