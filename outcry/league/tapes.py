"""The league's cassette: what each model said to each question, so that the same league is played again without a vendor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.llm.chain import link
from agents.llm.taping import Playing, Tape
from openoutcry.errors import BadInput
from openoutcry.minds.prices import PriceTable
from outcry.league.entrants import Entrant, model_entrant
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


def loaded(paths: Sequence[Path], table: PriceTable) -> tuple[list[Entrant], Cassettes]:
    """The models that cassettes hold. Raises BadInput for a file that is no league's cassette, and for a model held twice."""
    entrants: list[Entrant] = []
    reels: dict[str, Reel] = {}
    for path in paths:
        reel = Reel.load(path)
        for told in _models(path, reel):
            if told.name in reels:
                raise BadInput(f"--cassette: {told.name} is on two cassettes", field="cassette")
            entrants.append(told)
            reels[told.name] = reel
    return [
        model_entrant(one.seat or "", link(one.mind or "", path.name), table) for one in entrants
    ], Cassettes(reels)


def _models(path: Path, reel: Reel) -> list[Entrant]:
    try:
        told = reel.header["league"]["models"]
        return [Entrant(one["name"], "model", "", seat=one["seat"], mind=one["mind"]) for one in told]
    except (KeyError, TypeError):
        raise BadInput(
            f"--cassette: {path}: no league was recorded there (outcry league --record)", field="cassette"
        ) from None
