"""Is a model worth more than the rules of its own seat? Both over the same windows, and over those that it cannot have read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openoutcry.league.played import Played
from openoutcry.league.resampling import Interval, interval
from openoutcry.league.standing import Draws, redraw, returns
from openoutcry.minds.contamination import TRUSTED
from openoutcry.voting.calibration import calibrate


@dataclass(frozen=True, slots=True)
class Against:
    """``excess`` is the sum of the model's returns of all bars above its twin's, ``brier`` its Brier score less the
    twin's (negative is better); None without windows or words.
    """

    windows: int
    excess: float | None
    excess_interval: Interval | None
    better: float | None
    brier: float | None


@dataclass(frozen=True, slots=True)
class Twin:
    """A model and the rules of its seat. ``verdict`` rests on the windows that may be trusted, and on nothing else."""

    model: str
    rules: str
    everywhere: Against
    trusted: Against
    verdict: str


def twin(model: Sequence[Played], rules: Sequence[Played], draws: Draws) -> Twin:
    """Of the same windows in the same order."""
    pairs = list(zip(model, rules, strict=True))
    kept = [(mine, its) for mine, its in pairs if mine.mark in TRUSTED]
    trusted = _against(kept, draws)
    return Twin(model[0].entrant, rules[0].entrant, _against(pairs, draws), trusted, _verdict(trusted))


def _against(pairs: Sequence[tuple[Played, Played]], draws: Draws) -> Against:
    if not pairs:
        return Against(0, None, None, None, None)
    games: Mapping[str, Sequence[Played]] = {
        "model": [mine for mine, _ in pairs],
        "rules": [its for _, its in pairs],
    }
    mine, its = returns(games["model"]), returns(games["rules"])
    drawings = redraw(games, draws)
    over = (drawings.means["model"] - drawings.means["rules"]) * len(mine)
    briers = [
        calibrate([one for game in side for one in game.judged]).brier
        for side in (games["model"], games["rules"])
    ]
    return Against(
        windows=len(pairs),
        excess=float(np.sum(mine - its)),
        excess_interval=interval(over),
        better=float(np.mean(over > 0)),
        brier=None if briers[0] is None or briers[1] is None else briers[0] - briers[1],
    )


def _verdict(trusted: Against) -> str:
    found = trusted.excess_interval
    if found is None:
        return "nothing can be said: in every window the model may have read what came"
    if found.low > 0:
        return "worth more than its rules"
    return "worth less than its rules" if found.high < 0 else "not to be told from its rules"
