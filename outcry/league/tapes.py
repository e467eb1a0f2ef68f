"""The league's cassette: what each model said to each question, so that the same league is played again without a vendor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.llm.chain import link
from agents.llm.taping import Playing, Tape
from openoutcry.errors import BadConfig, BadInput
from openoutcry.minds.prices import PriceTable
from outcry.league.entrants import Entrant, model_entrant
from outcry.league.runs import of_run
from outcry.league.worlds import World
from wire.cassette import Reel

BY = "league"


@dataclass
class Cassettes:
    """Cassettes that are played, by entrant."""

    reels: Mapping[str, Reel] = field(default_factory=dict)

    def tape(self, name: str) -> Tape:
        """The tape of an entrant that a cassette holds."""
        return Playing(self.reels[name], name)

    def missed(self, name: str) -> str:
        """The first question of this entrant that its cassette does not answer; empty when there is none."""
        mine = f"{name}, round"
        return next((miss for miss in self.reels[name].misses if miss.startswith(mine)), "")


def loaded(
    paths: Sequence[Path], home: Path, timeframe: str, table: PriceTable
) -> tuple[list[Entrant], list[Entrant], Cassettes, list[World]]:
    """The models of recorded leagues, those of recorded runs, the leagues' cassettes, and the runs' worlds. Raises BadInput for
    a file that is none, and for a model that two leagues hold.
    """
    entrants: list[Entrant] = []
    before: dict[str, Entrant] = {}
    reels: dict[str, Reel] = {}
    worlds: list[World] = []
    for path in paths:
        reel = Reel.load(path)
        if "league" not in reel.header:
            found, made = of_run(path, reel, home, timeframe, table)
            before |= {one.name: one for one in found}
            worlds += made
            continue
        for told in _models(path, reel, table):
            if told.name in reels:
                raise BadInput(f"--cassette: {told.name} is on two cassettes", field="cassette")
            entrants.append(told)
            reels[told.name] = reel
    if both := sorted(before.keys() & reels.keys()):
        raise BadInput(f"--cassette: {both[0]} is on a run's and on a league's cassette", field="cassette")
    return entrants, list(before.values()), Cassettes(reels), worlds


def _models(path: Path, reel: Reel, table: PriceTable) -> list[Entrant]:
    try:
        told = reel.header["league"]["models"]
        return [model_entrant(one["seat"], link(one["mind"], path.name), table) for one in told]
    except (KeyError, TypeError, AttributeError, BadConfig):
        raise BadInput(f"--cassette: {path}: its header names no models", field="cassette") from None
