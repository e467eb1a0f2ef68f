"""Playing a world: everybody is asked at the same moments, by the floor's own servers, which cut at each moment's ``as_of``."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from agents.llm.taping import Tape
from agents.registry import discover
from db.candles import CandleReader
from mcp_servers.news.sources import SyntheticNews
from openoutcry.league.baselines import BASELINES, ORACLE, oracle
from openoutcry.league.calls import Call
from openoutcry.minds.contamination import Cutoffs, day_of, mark
from openoutcry.settings import AgentSettings, NewsSettings, Settings
from openoutcry.types.market import Snapshot
from openoutcry.types.record import Decision
from openoutcry.types.votes import Abstain, Ballot
from openoutcry.voting.tally import tally
from outcry.committee.books import holding
from outcry.committee.sitting import Sitting, seated
from outcry.league.entrants import COMMITTEE, Entrant
from outcry.league.purse import LeaguePurse
from outcry.league.worlds import World

OWN_FILES = ("models.yaml", "tool_pins.json", "trading_defaults.yaml")
"""Of a home, what a made-up world's home has too."""
Calls = dict[str, list[list[Call]]]
"""By entrant: the calls of each window."""


@dataclass(frozen=True, slots=True)
class Table:
    """What all worlds share. ``tape`` gives a model's tape by its entrant's name."""

    home: Path
    settings: Settings
    keys: Mapping[str, str]
    cutoffs: Cutoffs
    purse: LeaguePurse
    seats: tuple[str, ...]
    tape: Callable[[str], Tape | None]
    seed: int


async def play(
    world: World, number: int, entrants: Sequence[Entrant], table: Table, tell: Callable[[], None]
) -> Calls:
    """Everybody's calls in every window of the ``number``-th world."""
    here = [one.name for one in entrants if one.kind != "reference" or world.drift is not None]
    calls: Calls = {name: [] for name in (*here, *world.given)}
    models = {one.name: one for one in entrants if one.kind == "model"}
    async with _tables(world, models.values(), table) as (rules, minds):
        for window, first in enumerate(world.firsts):
            rng = np.random.default_rng([table.seed, number, window])
            committee = Committee(rules, table.settings)
            for mine in calls.values():
                mine.append([])
            for bar in world.shape.decisions():
                seq = (number * len(world.firsts) + window) * world.shape.bars + bar + 1
                at = world.market.closes_at(first + bar)
                seen, ballots = await committee.hear(seq, at)
                said = {name: call_of(ballot, bar) for name, ballot in ballots.items()}
                for name, ballot in (await _minds_say(minds, models, seen)).items():
                    marked = mark(models[name].mind or "", day_of(at), world.market.source, table.cutoffs)
                    said[name] = replace(call_of(ballot, bar), mark=marked)
                said |= {COMMITTEE: committee.call(bar), **_plainly(world, first + bar, bar, rng)}
                silent = Call(bar, None, reason="unreachable: it was not asked in this round")
                said |= {name: before.get(bar, silent) for name, before in world.given.items()}
                for name, mine in calls.items():
                    mine[-1].append(said[name])
                tell()
    return calls


@dataclass
class Committee:
    """All seats by their rules, with a book of their own: what they decided they hold."""

    table: Sitting
    settings: Settings
    decision: Decision | None = None

    def __post_init__(self) -> None:
        self.seats = discover().seats(self.settings)
        self._hold(Decimal(0), self.table.market.closes_at(0), Decimal(1))

    def _hold(self, share: Decimal, at: datetime, price: Decimal) -> None:
        capital = Decimal(self.settings.trading.initial_capital)
        self.table.book.portfolio = holding(self.table.market.symbol, price, share, at, capital)

    async def hear(self, seq: int, at: datetime) -> tuple[Snapshot, dict[str, Ballot]]:
        """One round: everybody's ballot over one snapshot, and the decision of those who sit."""
        seen = await self.table.look(seq, at)
        ballots = await self.table.ask(seen.snapshot, tuple(self.table.agents))
        sitting = {seat.agent for seat in self.seats}
        own = tuple(ballot for ballot in ballots if ballot.agent in sitting)
        self.decision = tally(seen.snapshot, own, self.seats, self.settings)
        price = self.table.book.marks(at)[self.table.market.symbol]
        held = bool(self.table.book.portfolio.positions)
        if self.decision.action == "SELL" and held:
            self._hold(Decimal(0), at, price)
        elif self.decision.action == "BUY" and not held and self.decision.entries_blocked is None:
            self._hold(Decimal(1), at, price)
        return seen.snapshot, {ballot.agent: ballot for ballot in ballots}

    def call(self, bar: int) -> Call:
        """What was decided; an entry that a voice blocked is a HOLD."""
        assert self.decision is not None  # heard before
        one = self.decision
        word = "HOLD" if one.action == "BUY" and one.entries_blocked is not None else one.action
        return Call(bar, word, one.confidence, one.horizon_bars)


def call_of(ballot: Ballot, bar: int) -> Call:
    """A ballot's word; an abstention's reason begins with its kind."""
    answer, usd = ballot.answer, ballot.mind.cost_usd
    if isinstance(answer, Abstain):
        return Call(bar, None, usd=usd, reason=f"{answer.reason}: {answer.detail[:300]}")
    if answer.action not in ("BUY", "SELL", "HOLD"):
        return Call(bar, None, usd=usd, reason=f"wrong_agent: {answer.action} is no analyst's word")
    return Call(bar, answer.action, answer.confidence, answer.horizon_bars, usd)


def _plainly(world: World, at: int, bar: int, rng: np.random.Generator) -> dict[str, Call]:
    """Baselines, which see closes up to the bar ``at``, and where the truth is known the oracle."""
    closes = world.market.spot.close[: at + 1]
    said = {name: Call(bar, one.says(closes, rng)) for name, one in BASELINES.items()}
    if world.drift is not None:
        said[ORACLE] = Call(bar, oracle(float(world.drift[at + 1])))
    return said


async def _minds_say(
    minds: Mapping[str, Sitting], models: Mapping[str, Entrant], snapshot: Snapshot
) -> dict[str, Ballot]:
    """Each model's ballot over the snapshot that all have seen."""
    asked = [(name, models[name].seat or "", table) for name, table in minds.items()]
    heard = await asyncio.gather(*(table.ask(snapshot, (seat,)) for _, seat, table in asked))
    return {name: ballots[0] for (name, _, _), ballots in zip(asked, heard, strict=True)}


@contextlib.asynccontextmanager
async def _tables(
    world: World, models: Iterable[Entrant], table: Table
) -> AsyncIterator[tuple[Sitting, dict[str, Sitting]]]:
    """A table for all rules and one for each model, over a home that holds the world."""
    with _home(world, table.home) as home:
        feeds = {name: place for name, place in table.settings.news.feeds.items() if "://" not in place}
        news = None
        if world.truth is not None:
            feeds, reader = {}, CandleReader(home)
            if world.truth == "moods":
                news = SyntheticNews(world.seed, world.market.timeframe, reader)
        told = table.settings.model_copy(update={"news": NewsSettings(feeds=feeds)})
        async with contextlib.AsyncExitStack() as stack:
            rules = await stack.enter_async_context(
                seated(home, world.market, by_rules(told, table.seats), news=news)
            )
            minds = {}
            for one in models:
                minds[one.name] = await stack.enter_async_context(
                    seated(
                        home,
                        world.market,
                        alone(told, one),
                        tape=table.tape(one.name),
                        vendor_keys=table.keys,
                        purse=table.purse,
                        news=news,
                    )
                )
            yield rules, minds


def by_rules(settings: Settings, seats: Iterable[str]) -> Settings:
    """Every seat by its rules, and these seats beside those that the settings name."""
    given = {name: AgentSettings() for name in seats}
    given |= {name: one.model_copy(update={"mind": "rules"}) for name, one in settings.agents.items()}
    return settings.model_copy(update={"agents": given})


def alone(settings: Settings, entrant: Entrant) -> Settings:
    """Its seat alone, with its model as the whole mind; the seat's other settings stand."""
    seat = settings.agents.get(entrant.seat or "", AgentSettings())
    seats = {name: AgentSettings(enabled=False) for name in discover().agents}
    seats[entrant.seat or ""] = seat.model_copy(update={"mind": entrant.mind, "enabled": True, "recall": 0})
    return settings.model_copy(update={"agents": seats})


@contextlib.contextmanager
def _home(world: World, home: Path) -> Iterator[Path]:
    """The home itself for stored candles; for a made-up world a passing one that holds it and the home's own files."""
    if world.truth is None:
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="outcry-league-") as folder:
        passing = Path(folder)
        for name in OWN_FILES:
            if (home / name).exists():
                shutil.copy(home / name, passing / name)
        world.market.store(passing)
        yield passing
