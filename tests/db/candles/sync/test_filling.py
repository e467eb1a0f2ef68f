"""Filling a series from an exchange: whatever its habits and faults, what exists is stored and nothing else."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from db.candles import CandleStore
from db.candles.sync.filling import Filled, Filling
from openoutcry.errors import DataUnavailable
from openoutcry.market.spans import Span
from tests.db.candles.series_of_bars import BTC_1H, HOUR, START, changed, walk, without
from tests.db.candles.sync.fake_exchange import FakeExchange, at, rows_of, seen
from wire.clock import WallClock

CLOCK = WallClock()


async def fill(
    exchange: FakeExchange, store: CandleStore, first: int, end: int, *, refresh: bool = False
) -> Filled:
    """Fill bars ``first <= n < end``."""
    return await Filling(exchange, store, Span(at(first), at(end)), clock=CLOCK, replace=refresh).run()


@pytest.mark.parametrize("habit", ["next", "window", "newest"])
@pytest.mark.parametrize("says", [100, 500, 10])
async def test_a_range_comes_whole_whatever_the_habit_and_the_page_size(
    tmp_path: Path, habit: Any, says: int
) -> None:
    store, bars = CandleStore(tmp_path), walk(2000)
    exchange = FakeExchange(bars, habit, gives=100, says=says)
    done = await fill(exchange, store, 100, 1500)
    assert store.read(BTC_1H).same_as(bars[100:1500])
    assert (done.merge.added, done.refused, done.absent, done.unanswered) == (1400, (), (), ())
    asked = len(exchange.asked)
    assert (await fill(exchange, store, 100, 1500)).merge.added == 0
    assert len(exchange.asked) == asked


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(
    habit=st.sampled_from(["next", "window", "newest"]),
    gives=st.integers(50, 300),
    says=st.integers(20, 1000),
    until=st.booleans(),
    days=st.booleans(),
    outages=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 200)), max_size=5),
    have=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 200)), max_size=4),
    bounds=st.tuples(st.integers(-500, 850), st.integers(900, 1100)),
)
async def test_holes_are_filled_and_outages_are_asked_for_once(
    tmp_path_factory: pytest.TempPathFactory,
    habit: Any, gives: int, says: int, until: bool, days: bool,
    outages: list[tuple[int, int]], have: list[tuple[int, int]], bounds: tuple[int, int],
) -> None:  # fmt: skip
    """What is stored beforehand, where the exchange has nothing, and where the listing begins, all by chance."""
    out = sorted({row for start, count in outages for row in range(start, min(start + count, 1000))})
    listed = without(walk(1000), out)
    exchange = FakeExchange(listed, habit, gives=gives, says=says, takes_until=until, has_days=days)
    store = CandleStore(tmp_path_factory.mktemp("home"))
    for start, count in have:
        store.merge(BTC_1H, walk(1000)[start : start + count])
    before = {int(t) for t in store.read(BTC_1H).timestamp}
    first, end = bounds
    await fill(exchange, store, first, end)
    if habit == "newest" and not until:
        return  # it does not give what is old: checked below
    stored = {int(t) for t in store.read(BTC_1H).timestamp}
    assert stored == before | {int(t) for t in listed.timestamp if at(first) <= t < at(end)}
    asked = len(exchange.asked)
    await fill(exchange, store, first, min(end, 1000))
    again = exchange.asked[asked:]
    # An outage that runs up to the newest bar may end at any moment: that alone is asked for again. Where rows that
    # came from elsewhere lie in a long outage, daily candles tell that it ended.
    open_ended = at(min(end, 1000) - 1) not in listed.timestamp
    assert again == [] or open_ended or (have and not days)


async def test_an_exchange_that_gives_only_the_newest_is_not_asked_for_the_old_again(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), walk(1000)
    exchange = FakeExchange(bars, "newest", gives=72, says=72, takes_until=False)
    done = await fill(exchange, store, 0, 1000)
    assert store.read(BTC_1H).same_as(bars[928:])
    assert done.absent == (Span(at(0), at(928)),)
    exchange.asked.clear()
    await fill(exchange, store, 0, 1000)
    assert exchange.asked == []


async def test_a_refresh_asks_for_everything_again_and_takes_what_changed(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), without(walk(300), [50, 51, 52])
    exchange = FakeExchange(bars)
    await fill(exchange, store, 0, 300)
    other = changed(walk(300), 120, close=walk(300).close[120] * 1.0001)
    exchange.bars = other
    plain = await fill(exchange, store, 0, 300)
    assert (plain.merge.added, plain.merge.replaced) == (0, 0)
    assert store.read(BTC_1H).same_as(bars)
    done = await fill(exchange, store, 0, 300, refresh=True)
    assert (done.merge.added, done.merge.replaced) == (3, 1)
    assert [change.at.timestamp() * 1000 for change in done.changes] == [at(120)]
    assert store.read(BTC_1H).same_as(other)


async def test_a_changed_bar_is_reported_and_kept(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), walk(300)
    store.merge(BTC_1H, bars[:200])
    given = changed(bars, 199, close=bars.close[199] * 1.0001)
    done = await fill(FakeExchange(given), store, 0, 300)
    assert [str(change)[:16] for change in done.changes] == ["2024-02-07 07:00"]
    assert done.merge.replaced == 0
    assert store.read(BTC_1H).same_as(bars)


@pytest.mark.parametrize(
    "value", [float("nan"), None, -1.0, 0.0, "x", float("inf"), 1e308], ids=lambda value: str(value)
)
async def test_bad_rows_are_refused_and_asked_for_again_the_next_time(tmp_path: Path, value: Any) -> None:
    def bad(number: int, rows: list[Any]) -> list[Any]:
        return [[*row[:4], value, *row[5:]] if row[0] in (at(40), at(41)) else row for row in rows]

    store, bars = CandleStore(tmp_path), walk(200)
    exchange = FakeExchange(bars, spoil=bad)
    done = await fill(exchange, store, 0, 200)
    assert [row.at_ms for row in done.refused] == [at(40), at(41)]
    assert done.absent == ()
    assert store.read(BTC_1H).same_as(without(bars, [40, 41]))
    exchange.spoil = lambda number, rows: rows
    done = await fill(exchange, store, 0, 200)
    assert (done.merge.added, done.refused) == (2, ())
    assert store.read(BTC_1H).same_as(bars)


def descending(number: int, rows: list[Any]) -> list[Any]:
    return rows[::-1]


def doubled(number: int, rows: list[Any]) -> list[Any]:
    return [*rows, *rows[len(rows) // 2 :]]


def partial(number: int, rows: list[Any]) -> list[Any]:
    return rows[: max(2, len(rows) // (1 + number % 4))]


def overlapping(number: int, rows: list[Any]) -> list[Any]:
    before = rows_of(walk(1000)[:20])
    return before + rows


def shuffled(number: int, rows: list[Any]) -> list[Any]:
    return Random(number).sample(rows, len(rows))


@pytest.mark.parametrize("spoil", [descending, doubled, partial, overlapping, shuffled])
@pytest.mark.parametrize("habit", ["next", "window", "newest"])
async def test_order_overlaps_and_short_pages_do_not_matter(tmp_path: Path, habit: Any, spoil: Any) -> None:
    store, bars = CandleStore(tmp_path), without(walk(1000), list(range(300, 330)))
    done = await fill(FakeExchange(bars, habit, spoil=spoil), store, 20, 1000)
    assert store.read(BTC_1H, from_bar(20)).same_as(bars[20:])
    assert done.absent == (Span(at(300), at(330)),)


def from_bar(bar: int) -> Any:
    return START.fromtimestamp(at(bar) / 1000, tz=START.tzinfo)


async def test_an_open_bar_is_left_alone(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), walk(50)
    exchange = FakeExchange(bars, now_ms=at(30) + HOUR // 2)
    await fill(exchange, store, 0, 40)
    assert store.read(BTC_1H).same_as(bars[:30])
    exchange.now_ms = at(40)
    await fill(exchange, store, 0, 40)
    assert store.read(BTC_1H).same_as(bars[:40])


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(1, 40), count=st.integers(1, 20), habit=st.sampled_from(["next", "window", "newest"])
)
async def test_a_time_of_empty_answers_hides_nothing_for_good(
    tmp_path_factory: pytest.TempPathFactory, first: int, count: int, habit: Any
) -> None:
    """Some answers in a row are empty, as ``{}`` is: what exists may have to be asked for again, but it comes."""
    exchange = FakeExchange(
        without(walk(600), list(range(200, 330))),
        habit,
        gives=50,
        spoil=lambda number, rows: [] if first <= number < first + count else rows,
    )
    store = CandleStore(tmp_path_factory.mktemp("home"))
    await fill(exchange, store, -200, 600)
    exchange.spoil = lambda number, rows: rows
    await fill(exchange, store, -200, 600)
    assert store.read(BTC_1H).same_as(exchange.bars)


async def test_silence_is_no_absence(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    exchange = FakeExchange(walk(100), spoil=lambda number, rows: [])
    done = await fill(exchange, store, 0, 100)
    assert done.unanswered == (Span(at(0), at(100)),)
    assert store.absent(BTC_1H) == []
    exchange.spoil = lambda number, rows: rows
    assert (await fill(exchange, store, 0, 100)).merge.added == 100


async def test_a_listing_years_after_the_start_costs_few_questions(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), walk(500)
    exchange = FakeExchange(bars, "window", gives=100)
    await fill(exchange, store, -20_000, 500)
    assert store.read(BTC_1H).same_as(bars)
    assert len(exchange.asked) < 40
    assert store.absent(BTC_1H) == [Span(at(-20_000), at(0))]


async def test_it_goes_on_where_an_error_stopped_it(tmp_path: Path) -> None:
    def failing(number: int, rows: list[Any]) -> list[Any]:
        if number == 6:
            raise DataUnavailable("the line is dead")
        return rows

    store, bars = CandleStore(tmp_path), walk(1000)
    exchange = FakeExchange(bars, spoil=failing)
    with pytest.raises(DataUnavailable, match="line is dead"):
        await fill(exchange, store, 0, 1000)
    held = len(store.read(BTC_1H))
    assert held == 100 + 4 * 99  # the first page, and of each later one all but the row before
    second = replace(exchange, spoil=lambda number, rows: rows, asked=[])
    await fill(second, store, 0, 1000)
    assert store.read(BTC_1H).same_as(bars)
    assert min(seen(second.asked)) == held - 1
