"""Ticks: every bar close once, on the market's own clock."""

from datetime import UTC, datetime, timedelta
from time import perf_counter

from orchestrator.ticks import first_tick, live_ticks, replay_ticks
from wire.clock import WallClock


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_a_day_of_hours_has_twenty_four_closes() -> None:
    ticks = [t async for t in replay_ticks(at("2023-01-01"), at("2023-01-01T23:59:59.999999"), "1h", 0)]
    assert (ticks[0], ticks[-1], len(ticks)) == (at("2023-01-01T01:00"), at("2023-01-02"), 24)


async def test_an_end_on_a_close_is_that_close() -> None:
    ticks = [t async for t in replay_ticks(at("2023-01-01"), at("2023-01-01T03:00"), "1h", 0)]
    assert ticks[-1] == at("2023-01-01T03:00")


def test_a_start_on_a_close_waits_for_the_next() -> None:
    assert first_tick(at("2023-01-01T01:00"), "1h") == at("2023-01-01T02:00")
    assert first_tick(at("2023-01-01T01:00:01"), "1h") == at("2023-01-01T02:00")


async def test_speed_is_market_seconds_per_second() -> None:
    began = perf_counter()
    ticks = [t async for t in replay_ticks(at("2023-01-01"), at("2023-01-01T00:03"), "1m", 600)]
    assert len(ticks) == 3
    assert 0.25 <= perf_counter() - began < 1.5


async def test_live_begins_with_the_bar_that_has_just_closed_and_never_repeats_one() -> None:
    ticks = live_ticks("1m")
    first = await anext(ticks)
    now = WallClock().now()
    assert timedelta(0) <= now - first < timedelta(minutes=1, seconds=5)
    later = live_ticks("1m", after=first - timedelta(minutes=5))
    assert await anext(later) >= first
