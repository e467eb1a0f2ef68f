"""A league from what was asked to the finished table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.llm.taping import Recording, Tape
from openoutcry.errors import BadInput, StartupRefused
from openoutcry.league.played import Terms
from openoutcry.league.standing import Draws
from openoutcry.ledger.outcomes import judging
from openoutcry.risk.returns import periods_per_year
from openoutcry.settings import Settings
from openoutcry.types.amounts import plain
from openoutcry.version import VERSION
from outcry.league.entrants import Entrant, admitted, model_entrants, plain_entrants
from outcry.league.playing import Calls, Table, play
from outcry.league.purse import LeaguePurse
from outcry.league.table import League, league
from outcry.league.tapes import BY, Cassettes, loaded
from outcry.league.worlds import Shape, World, recorded, synthetic
from wire.cassette import VERSION as FORMAT
from wire.cassette import Recorder
from wire.prices import load_prices


@dataclass(frozen=True, slots=True)
class Asked:
    """What a league is asked for. ``start`` and ``end`` bound the stored candles; ``block`` is in bars."""

    symbols: tuple[str, ...]
    exchange: str
    timeframe: str
    start: datetime
    end: datetime
    shape: Shape
    made: int
    minds: tuple[str, ...]
    cassettes: tuple[Path, ...]
    record: Path | None
    spend: Decimal
    seed: int
    samples: int
    block: int

    def plain(self) -> dict[str, Any]:
        """What the result depends on, as JSON; no path and no money."""
        return {
            "symbols": list(self.symbols),
            "exchange": self.exchange,
            "timeframe": self.timeframe,
            "windows": self.shape.windows,
            "bars": self.shape.bars,
            "every": self.shape.every,
            "made_up_worlds": self.made,
            "seed": self.seed,
            "samples": self.samples,
            "block_bars": self.block,
        }


async def whole(
    asked: Asked, home: Path, settings: Settings, keys: Mapping[str, str], tell: Callable[[int, int], None]
) -> League:
    """Play all of it. Raises BadInput and DataUnavailable for what cannot be played."""
    prices = load_prices(home)
    held, before, cassettes, runs = loaded(asked.cassettes, home, asked.timeframe, prices)
    worlds = [*runs, *_worlds(asked, home, runs)]
    named = model_entrants(asked.minds, settings, home) if asked.minds or not asked.cassettes else []
    taped = {one.name for one in (*held, *before)}
    live = await admitted([one for one in named if one.name not in taped], keys, home, asked.spend)
    models = [*held, *live]
    plain_ones = plain_entrants([*models, *before])
    running = [one for one in (*plain_ones, *models) if not one.reason]
    table = Table(
        home=home,
        settings=settings,
        keys=keys,
        cutoffs=prices.cutoffs,
        purse=LeaguePurse(asked.spend),
        tape=_tapes(asked, cassettes, [one for one in running if one.kind == "model"], settings),
        seed=asked.seed,
        seats=tuple(one.name for one in plain_ones if one.kind == "rules"),
    )
    calls, total, done = list[Calls](), sum(len(w.firsts) * len(w.shape.decisions()) for w in worlds), 0

    def told() -> None:
        nonlocal done
        done += 1
        tell(done, total)

    for number, world in enumerate(worlds):
        calls.append(await play(world, number, running, table, told))
    if asked.record is not None:
        Recorder(asked.record, BY).write("end", closed=True, heads={})
    entrants, calls = _strict([*plain_ones, *before], models, calls, cassettes)
    costs = judging(settings)
    terms = Terms(float(settings.trading.initial_capital), float(costs.cost / 2), costs)
    draws = Draws(asked.seed, asked.samples, float(asked.block), periods_per_year(asked.timeframe))
    costed = {
        **asked.plain(),
        "capital": plain(settings.trading.initial_capital),
        "fill_cost": plain(costs.cost / 2),
    }
    return league(costed, worlds, entrants, calls, terms, draws)


def _worlds(asked: Asked, home: Path, runs: list[World]) -> list[World]:
    found: list[World] = []
    if asked.symbols:
        found += recorded(
            home, asked.exchange, asked.symbols, asked.timeframe, asked.shape, asked.start, asked.end
        )
    for number in range(asked.made):
        found.append(synthetic(asked.seed + number, asked.timeframe, asked.shape, "moods"))
        found.append(synthetic(asked.seed + number, asked.timeframe, asked.shape, "nothing"))
    if not found and not runs:
        raise BadInput("there is no world to play in: name a stored symbol, or --made 1", field="symbols")
    return found


def _tapes(
    asked: Asked, cassettes: Cassettes, models: list[Entrant], settings: Settings
) -> Callable[[str], Tape | None]:
    """Each model's tape: its cassette, or the recording that is made, or none."""
    if asked.record is not None:
        path = asked.record
        if path.exists():
            raise StartupRefused(f"--record: {path} exists; a recording never goes on in another's file")
        told = [{"name": one.name, "seat": one.seat, "mind": one.mind} for one in models]
        try:
            header = Recorder(path, BY)
        except OSError as error:
            raise StartupRefused(f"--record: cannot write {path}: {error.strerror}") from error
        header.write(
            "header", version=FORMAT, product=VERSION, settings=settings.model_dump(mode="json"),
            league={"models": told, **asked.plain()},
        )  # fmt: skip

    def tape(name: str) -> Tape | None:
        if name in cassettes.reels:
            return cassettes.tape(name)
        return None if asked.record is None else Recording(Recorder(asked.record, name))

    return tape


def _strict(
    plain_ones: list[Entrant], models: list[Entrant], calls: list[Calls], cassettes: Cassettes
) -> tuple[list[Entrant], list[Calls]]:
    """A model whose cassette did not answer every question did not run: what it said to others counts for nothing."""
    kept = []
    for one in models:
        missed = cassettes.missed(one.name) if one.name in cassettes.reels else ""
        kept.append(one.out(f"its cassette is of another league: {missed}") if missed else one)
    gone = {one.name for one in kept if one.reason}
    return [*plain_ones, *kept], [{k: v for k, v in said.items() if k not in gone} for said in calls]
