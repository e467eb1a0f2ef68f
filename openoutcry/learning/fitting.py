"""Learning from outcomes: only from those known by then, whatever has come since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from openoutcry.learning.beta import fit
from openoutcry.learning.climate import Climate, Reach, reach
from openoutcry.learning.learned import Cell, Learned, Word, word_of
from openoutcry.learning.share import Shared, share
from openoutcry.voting.hindsight import Judged

LEAST, LEAST_CLOSE = 30, 500
"""Outcomes that an agent's word needs to be believed, and that one climate or reach of it needs: with fewer the wider cell
speaks. Neighbouring rounds say nearly the same, so that 500 are few: cells of 30 were worse than none on held-out windows.
"""
WINDOWS = 12
"""Held-out windows that a report looks at."""


def known(judged: Sequence[Judged], by: datetime) -> list[Judged]:
    """The votes whose end was known by then, oldest end first."""
    return sorted(
        (one for one in judged if one.known_at <= by), key=lambda one: (one.known_at, one.at, one.agent)
    )


def learn(judged: Sequence[Judged], by: datetime, version: str) -> tuple[Learned, Shared]:
    """A version from the outcomes known by ``by``, and how its weights came about."""
    past = known(judged, by)
    shared = share(_rounds(past), sorted({one.agent for one in past}))
    weights = {name: round(weight, 9) for name, weight in shared.weights.items()}
    return Learned(version=version, known_by=by, cells=cells(past), weights=weights), shared


def cells(past: Sequence[Judged]) -> tuple[Cell, ...]:
    """A map for every cell with enough outcomes, wide ones and close ones."""
    heard: dict[tuple[str, Word, Climate | None, Reach | None], list[tuple[float, bool]]] = {}
    for one in past:
        word, ahead = word_of(one.action), reach(one.horizon_bars)
        for market in (None, one.market):
            for how_far in (None, ahead):
                heard.setdefault((one.agent, word, market, how_far), []).append((one.confidence, one.right))
    return tuple(
        Cell(agent=agent, word=word, climate=market, reach=how_far, beta=fit(pairs))
        for (agent, word, market, how_far), pairs in sorted(heard.items(), key=lambda item: str(item[0]))
        if len(pairs) >= (LEAST if market is None and how_far is None else LEAST_CLOSE)
        and market != "unknown"
    )


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Votes of windows that the map before each had not seen: ``stated`` and ``calibrated`` judge the same words.
    ``base`` says, of each, the share of that agent's like words that were right before the window.
    """

    stated: tuple[Judged, ...]
    calibrated: tuple[Judged, ...]
    base: tuple[Judged, ...]


def held_out(judged: Sequence[Judged], windows: int = WINDOWS) -> HeldOut:
    """Walk forward: at each window's beginning learn from what was known by then, and judge what was said within it."""
    spoken = sorted(judged, key=lambda one: (one.at, one.agent))
    if not spoken:
        return HeldOut((), (), ())
    begin, end = spoken[0].at, spoken[-1].at
    length = (end - begin) / (windows + 1) or timedelta(seconds=1)
    stated: list[Judged] = []
    calibrated: list[Judged] = []
    base: list[Judged] = []
    for number in range(1, windows + 1):
        opened, closed = begin + length * number, begin + length * (number + 1)
        last = number == windows
        here = [one for one in spoken if opened <= one.at and (one.at < closed or last)]
        past = known(judged, opened)
        version = Learned(version="0.0.0", known_by=opened, cells=cells(past), weights={})
        shares = _shares(past)
        for one in here:
            key = (one.agent, word_of(one.action))
            if key not in shares:
                continue  # nothing was known of such words: nothing to compare
            stated.append(one)
            chance = version.believed(one.agent, one.action, one.horizon_bars, one.confidence, one.market)
            calibrated.append(one._replace(confidence=chance))
            base.append(one._replace(confidence=shares[key]))
    return HeldOut(tuple(stated), tuple(calibrated), tuple(base))


def _shares(past: Sequence[Judged]) -> dict[tuple[str, Word], float]:
    found: dict[tuple[str, Word], list[bool]] = {}
    for one in past:
        found.setdefault((one.agent, word_of(one.action)), []).append(one.right)
    return {key: sum(rights) / len(rights) for key, rights in found.items() if len(rights) >= LEAST}


def _rounds(past: Sequence[Judged]) -> list[dict[str, float]]:
    """The losses of each round, in the order in which the last of a round's ends became known."""
    rounds: dict[tuple[UUID, datetime], list[Judged]] = {}
    for one in past:
        rounds.setdefault((one.session, one.at), []).append(one)
    ended = sorted(
        rounds.items(), key=lambda item: (max(one.known_at for one in item[1]), item[0][1], item[0][0])
    )
    return [{one.agent: (one.confidence - one.right) ** 2 for one in votes} for _, votes in ended]
