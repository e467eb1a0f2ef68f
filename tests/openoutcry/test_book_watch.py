"""A book watched over a minute: its lean, and levels that show themselves and vanish. Real depth messages too."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from openoutcry.market.book import Book, Level
from openoutcry.market.book_watch import BookWatch, pressure_of
from openoutcry.market.depth import DepthBook
from openoutcry.market.depth_messages import diff_of, snapshot_of

RAW = Path(__file__).resolve().parents[3] / "shared/data/l2/spot_btcusdt_20240808.raw.gz"


def book(large_bid: str | None = None, best_bid: int = 100) -> Book:
    """Ten levels of 1 on each side; one bid three below the best may be another."""
    sizes = {best_bid - 3: large_bid} if large_bid else {}
    bids = tuple(Level(Decimal(best_bid - n), Decimal(sizes.get(best_bid - n) or 1)) for n in range(10))
    return Book(bids, tuple(Level(Decimal(best_bid + 1 + n), Decimal(1)) for n in range(10)))


def watched(*moments: tuple[int, Book]) -> BookWatch:
    watch = BookWatch()
    for at, one in moments:
        watch.take(at, one)
    return watch


def test_a_large_level_that_comes_and_goes_has_vanished() -> None:
    seen = watched((0, book()), (1_000, book("50")), (4_000, book("50")), (6_000, book())).at(6_000)
    assert seen is not None
    assert seen.vanished_bid is not None and seen.vanished_bid > 10
    assert seen.vanished_ask == 0.0
    assert seen.watched_s == 6.0


@pytest.mark.parametrize(
    "moments",
    [
        [(0, book("50")), (20_000, book("50")), (21_000, book())],  # it stood long
        [(0, book("50")), (1_000, book(None, 97))],  # the price reached it
        [(0, book("3")), (1_000, book())],  # it was not large
    ],
)
def test_what_stood_long_was_reached_or_was_small_has_not(moments: list[tuple[int, Book]]) -> None:
    seen = watched(*moments).at(moments[-1][0])
    assert seen is not None and seen.vanished_bid == 0.0


def test_nothing_later_is_told_and_nothing_old() -> None:
    watch = watched((0, book()), (1_000, book("50")), (2_000, book()))
    early = watch.at(1_500)
    assert early is not None and early.vanished_bid == 0.0
    assert watch.at(7_001) is None
    assert watch.at(-1) is None


def test_a_break_forgives_what_was_shown() -> None:
    watch = watched((0, book("50")))
    watch.lose()
    watch.take(1_000, book())
    seen = watch.at(1_000)
    assert seen is not None and seen.vanished_bid == 0.0


def test_one_book_alone_says_how_it_leans() -> None:
    alone = pressure_of(book())
    assert (alone.imbalance, alone.imbalance_mean, alone.vanished_bid) == (0.0, None, None)


@pytest.mark.skipif(not RAW.exists(), reason="no recorded depth messages in ../shared/data/l2")
def test_real_depth_messages_of_five_minutes() -> None:
    depth, watch, last, flashes = DepthBook(), BookWatch(), 0, 0.0
    with gzip.open(RAW, "rt") as lines:
        for line in lines:
            stamp, _, text = line.partition(" ")
            body = json.loads(text)
            told = body.get("data", body)
            if "lastUpdateId" in told:
                depth.start(snapshot_of(told), 1_000)
            elif told.get("e") == "depthUpdate" and depth.take(diff_of(told)) == "applied":
                last = int(stamp) // 1_000_000
                if watch.due(last) and (shown := depth.book(20)) is not None:
                    watch.take(last, shown)
                    if (seen := watch.at(last)) is not None:
                        assert -1 <= seen.imbalance <= 1
                        flashes = max(flashes, seen.vanished_bid or 0.0, seen.vanished_ask or 0.0)
    end = watch.at(last)
    assert end is not None and end.imbalance_mean is not None
    assert end.watched_s > 55
    assert depth.health.gaps == 0
    assert 0.0 < flashes < 50.0
