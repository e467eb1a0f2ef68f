"""The leakage audit of the committee: with any other future after ``as_of``, would it have decided the same?

Each round is held twice by the real servers and agents, over two homes that hold the same up to ``as_of``: one goes on as
it did, the other with noise in place of every candle, funding rate, headline and index value after it. Everything must be
the same to the last bit: snapshot, features, every tool's answer, every ballot, the decision. Some bars later the two must
differ (the control), or the noise was not noticed by anybody and nothing is proven.
"""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from openoutcry.canonical import digest
from openoutcry.errors import DataUnavailable
from openoutcry.settings import NewsSettings, Settings
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import bar_length
from outcry.committee.books import holding
from outcry.committee.market import HISTORY, Market
from outcry.committee.sitting import Round, Sitting, seated
from wire.cassette import difference

LATER = 12
"""Bars after which the control looks."""
AROUND = 60
"""Bars of future given to a round."""
TITLES = (
    "Bitcoin rallies on inflows",
    "Bitcoin falls as fear spreads",
    "Exchange hacked, losses grow",
    "Adoption grows",
)


class Found(Frozen):
    """A round that knew the future: when, and the first thing that differed."""

    as_of: datetime
    difference: str


class Leaks(Frozen):
    """What was tried and found. ``noticed`` of the rounds saw the noise once it was past: without any, nothing is proven."""

    rounds: int
    noticed: int
    voted: dict[str, int]
    digest: str
    found: tuple[Found, ...]

    @property
    def passed(self) -> bool:
        """Nothing depended on the future, and it would have been noticed."""
        return not self.found and self.noticed > 0


async def leaks(
    market: Market,
    settings: Settings,
    *,
    rounds: int,
    seed: int,
    plant: bool = False,
    tell: Callable[[int], None] = lambda done: None,
) -> Leaks:
    """Hold ``rounds`` rounds spread over the market. ``plant`` gives one server a leak, to see that it is found."""
    bars = _bars(market, rounds, seed)
    seen: list[str] = []
    found: list[Found] = []
    voted: dict[str, int] = {}
    noticed = 0
    for number, bar in enumerate(bars):
        rng = np.random.default_rng([seed, bar])
        real = market.part(bar, HISTORY, AROUND)
        as_of = market.closes_at(bar)
        other = real.with_another_future(as_of, rng)
        first = await _held(real, settings, as_of, number, seed, bar, plant=plant)
        second = await _held(other, settings, as_of, number, seed + 1, bar, plant=plant)
        if first[0].digest != second[0].digest:
            found.append(Found(as_of=as_of, difference=_first(first[0], second[0])))
        noticed += first[1].digest != second[1].digest
        for ballot in first[0].ballots:
            voted[ballot.agent] = voted.get(ballot.agent, 0) + (ballot.answer.kind == "vote")
        seen.append(first[0].digest)
        tell(number + 1)
    return Leaks(
        rounds=len(bars),
        noticed=noticed,
        voted=dict(sorted(voted.items())),
        digest=digest(seen),
        found=tuple(found),
    )


def _bars(market: Market, rounds: int, seed: int) -> list[int]:
    first, last = HISTORY, len(market.spot) - LATER - 2
    if last - first < rounds:
        raise DataUnavailable(
            f"{market.exchange} {market.symbol} {market.timeframe}: {len(market.spot)} bars are too few for {rounds} rounds "
            f"with {HISTORY} before and {LATER} after each"
        )
    rng = np.random.default_rng(seed)
    return sorted(int(bar) for bar in rng.choice(np.arange(first, last), rounds, replace=False))


async def _held(
    market: Market, settings: Settings, as_of: datetime, number: int, future: int, bar: int, *, plant: bool
) -> tuple[Round, Round]:
    """The round, and the one that ``LATER`` bars later looks back on what was its future."""
    step = bar_length(market.timeframe)
    with tempfile.TemporaryDirectory(prefix="outcry-audit-") as folder:
        home = Path(folder)
        market.store(home)
        publish(home, as_of, past=bar, future=future)
        told = settings.model_copy(
            update={"news": NewsSettings(feeds={"wire": "news.json"}, fear_greed="fear_greed.csv")}
        )
        async with seated(home, market, told, ahead=LATER * step if plant else None) as table:
            _give(table, number, as_of)
            return await table.decide(number + 1, as_of), await table.decide(number + 1, as_of + LATER * step)


def _give(table: Sitting, number: int, as_of: datetime) -> None:
    """In every second round half of the capital is held in spot: the hedging voice has something to say."""
    market, capital = table.market, Decimal(table.settings.trading.initial_capital)
    price = table.book.marks(as_of)[market.symbol]
    share = Decimal("0.5") if number % 2 else Decimal(0)
    table.book.portfolio = holding(market.symbol, price, share, as_of, capital)


def publish(home: Path, as_of: datetime, *, past: int, future: int) -> None:
    """Made-up headlines and index values around ``as_of``: ``past`` seeds those before it, ``future`` those after."""
    items, values = [], []
    for hours in range(-48, 49, 3):
        at = as_of + timedelta(hours=hours)
        pick = np.random.default_rng([past if hours <= 0 else future, hours + 100])
        title = TITLES[int(pick.integers(len(TITLES)))]
        items.append({"title": f"{title} ({int(pick.integers(1000))})", "date_published": at.isoformat()})
    for days in range(-6, 7):
        day = (as_of + timedelta(days=days)).date()
        pick = np.random.default_rng([past if days <= 0 else future, days + 300])
        values.append(f"{day.isoformat()},{int(pick.integers(5, 96))}")
    (home / "news.json").write_text(json.dumps({"items": items}))
    (home / "fear_greed.csv").write_text("\n".join(["date,value", *values]))


def _first(one: Round, other: Round) -> str:
    """Where they part first, in the order of the round: what was seen, heard, decided."""
    mine, its = one.plain(), other.plain()
    for part in ("snapshot", "features", "ballots", "decision"):
        if mine[part] != its[part]:
            return (
                difference(mine[part], its[part], part)
                .replace("recorded", "with the real future")
                .replace(", now", ", with another")
            )
    raise AssertionError("two rounds of different digests are the same")
