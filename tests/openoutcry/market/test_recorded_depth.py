"""E10 on recorded messages of an exchange: the rebuilt book's best prices are those the exchange announced itself."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from openoutcry.market.depth import DepthBook
from openoutcry.market.depth_messages import DepthDiff, DepthSnapshot, diff_of, snapshot_of

FILE = Path(__file__).parents[4] / "shared/data/l2/spot_btcusdt_20240808.raw.gz"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="needs the recorded depth in ../shared/data/l2")
LIMIT = 1000
"""What the recording asked for; beyond its last levels the snapshot says nothing."""
ALL = 10**6
"""Taken as if there were nothing beyond: what changed since is known, and here it was enough."""


@pytest.fixture(scope="module")
def messages() -> list[Any]:
    with gzip.open(FILE, "rt") as lines:
        return [json.loads(line.partition(" ")[2]) for line in lines]


@pytest.fixture(scope="module")
def diffs(messages: list[Any]) -> list[DepthDiff]:
    return [diff_of(one["data"]) for one in messages if one.get("stream", "").endswith("depth@100ms")]


@pytest.fixture(scope="module")
def snapshot(messages: list[Any]) -> DepthSnapshot:
    return snapshot_of(next(one for one in messages if "lastUpdateId" in one))


@pytest.fixture(scope="module")
def tops(messages: list[Any], diffs: list[DepthDiff]) -> dict[int, Any]:
    """After each difference: the best prices and sizes as the stream of best prices last said by then."""
    said = [one["data"] for one in messages if one.get("stream", "").endswith("bookTicker")]
    found, at = {}, 0
    for diff in diffs:
        while at < len(said) and said[at]["u"] <= diff.last:
            at += 1
        if at:
            found[diff.last] = said[at - 1]
    return found


def top(book: DepthBook) -> list[str]:
    shown = book.book(1)
    assert shown is not None
    (bid,), (ask,) = shown.bids, shown.asks
    return [f"{value:.8f}" for value in (bid.price, bid.quantity, ask.price, ask.quantity)]


@pytest.mark.parametrize(("limit", "beyond"), [(LIMIT, 22), (ALL, 0)])
def test_e10_the_rebuilt_book_is_the_exchanges_own(
    diffs: list[DepthDiff], snapshot: DepthSnapshot, tops: dict[int, Any], limit: int, beyond: int
) -> None:
    book, silent = DepthBook(), 0
    before = [diff for diff in diffs if diff.first <= snapshot.last]
    for diff in before:
        book.take(diff)
    assert book.start(snapshot, limit)
    for diff in diffs[len(before) :]:
        assert book.take(diff) == "applied"
        said = tops[diff.last]
        if book.book(1) is None:  # the price left what the snapshot reached: nothing is shown
            silent += 1
            assert Decimal(said["b"]) < snapshot.bids[-1][0] or Decimal(said["a"]) > snapshot.asks[-1][0]
        else:
            assert top(book) == [said[name] for name in "bBaA"], diff.last
    assert (len(diffs) - len(before), silent, book.health.gaps) == (3448, beyond, 0)


def test_e10_planted_gaps_are_noticed_and_healed(
    diffs: list[DepthDiff], snapshot: DepthSnapshot, tops: dict[int, Any]
) -> None:
    random, real, book = Random(6), DepthBook(), DepthBook()
    for one in (real, book):
        one.start(snapshot, ALL)
    planted, noticed = 0, 0
    missing = False
    for diff in diffs:
        if diff.last <= snapshot.last:
            continue
        real.take(diff)
        if random.random() < 0.02:
            planted += not missing
            missing = True
            continue
        outcome = book.take(diff)
        assert (outcome == "gap") == missing
        if missing:
            noticed += 1
            missing = False
            assert book.book(1) is None
            fresh = real.book(100_000)
            assert fresh is not None
            rows = [tuple((lv.price, lv.quantity) for lv in side) for side in (fresh.bids, fresh.asks)]
            assert book.start(DepthSnapshot(real.last, *rows), ALL)
        said = tops[diff.last]
        assert top(book) == [said[name] for name in "bBaA"]
    assert noticed >= planted - missing > 30
