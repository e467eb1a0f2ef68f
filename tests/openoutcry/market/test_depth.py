"""E10: order books rebuilt from depth messages; every gap is noticed, and a book that is shown is the true one."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import BadInput
from openoutcry.market.depth import MOST_KEPT, DepthBook
from openoutcry.market.depth_messages import DepthDiff, DepthSnapshot, Rows, diff_of, snapshot_of

ONE = Decimal(1)


class Exchange:
    """A book that changes at random and numbers its updates as ``spot`` or ``perp`` does."""

    def __init__(self, seed: int, *, perp: bool) -> None:
        self.random, self.perp = Random(seed), perp
        self.bids = {Decimal(100 - n): ONE for n in range(20)}
        self.asks = {Decimal(101 + n): ONE for n in range(20)}
        self.last = 1000

    def diff(self) -> DepthDiff:
        """The next difference; on a perpetual other symbols have used up some numbers before it."""
        previous = self.last
        first = previous + 1 + (self.random.randrange(50) if self.perp else 0)
        self.last = first + self.random.randrange(5)
        move = self.random.choice((-1, 0, 0, 1))
        low, high = min(self.asks), max(self.bids)
        rows: dict[str, list[tuple[Decimal, Decimal]]] = {"b": [], "a": []}
        if move > 0 and len(self.asks) > 5:
            rows["a"].append((low, Decimal(0)))
            rows["b"].append((low, ONE))
        elif move < 0 and len(self.bids) > 5:
            rows["b"].append((high, Decimal(0)))
            rows["a"].append((high, ONE))
        else:
            rows["b"].append((high, Decimal(self.random.randrange(1, 9))))
        for side, name in ((self.bids, "b"), (self.asks, "a")):
            for price, quantity in rows[name]:
                side.pop(price, None)
                if quantity:
                    side[price] = quantity
        return DepthDiff(
            "X", first, self.last, previous if self.perp else None, tuple(rows["b"]), tuple(rows["a"])
        )

    def snapshot(self) -> DepthSnapshot:
        return DepthSnapshot(self.last, tuple(self.bids.items()), tuple(self.asks.items()))


def sides(book: DepthBook) -> tuple[Rows, Rows]:
    shown = book.book(1000)
    assert shown is not None
    return tuple((one.price, one.quantity) for one in shown.bids), tuple(
        (one.price, one.quantity) for one in shown.asks
    )


def truth(exchange: Exchange) -> tuple[Rows, Rows]:
    return tuple(sorted(exchange.bids.items(), reverse=True)), tuple(sorted(exchange.asks.items()))


FATES = st.lists(st.sampled_from(["whole"] * 6 + ["lost", "twice", "swapped"]), min_size=5, max_size=60)


@given(seed=st.integers(0, 10_000), perp=st.booleans(), fates=FATES)
def test_e10_a_lossy_stream_never_shows_a_wrong_book_and_heals(
    seed: int, perp: bool, fates: list[str]
) -> None:
    exchange, book = Exchange(seed, perp=perp), DepthBook()
    book.start(exchange.snapshot(), 1000)
    lost = False
    for fate in fates:
        diff = exchange.diff()
        if fate == "lost":
            lost = True
            continue
        batch = [exchange.diff(), diff] if fate == "swapped" else [diff, diff] if fate == "twice" else [diff]
        outcomes = [book.take(one) for one in batch]
        lost = lost or fate == "swapped"
        assert ("gap" in outcomes) == lost
        if lost:
            assert book.book(5) is None
            assert book.start(exchange.snapshot(), 1000)
            lost = False
        assert sides(book) == truth(exchange)


@pytest.mark.parametrize("perp", [False, True])
def test_e10_a_snapshot_joins_the_differences_kept_before_it(perp: bool) -> None:
    exchange, book = Exchange(3, perp=perp), DepthBook()
    stale = exchange.snapshot()
    exchange.diff()  # nobody saw it
    kept = [exchange.diff() for _ in range(6)]
    assert [book.take(one) for one in kept[:3]] == ["kept"] * 3
    assert not book.start(stale, 1000)
    middle = exchange.snapshot()
    for one in kept[3:]:
        book.take(one)
    assert book.start(middle, 1000)
    assert sides(book) == truth(exchange)
    assert book.take(exchange.diff()) == "applied"
    assert (book.health.stale_snapshots, book.health.snapshots) == (1, 2)


def test_e10_a_crossed_book_is_no_book() -> None:
    book = DepthBook()
    book.start(DepthSnapshot(10, ((Decimal(99), ONE),), ((Decimal(100), ONE),)), 1000)
    assert book.take(DepthDiff("X", 11, 11, None, ((Decimal(100), ONE),), ())) == "crossed"
    assert book.book(1) is None


def test_e10_what_a_short_snapshot_did_not_reach_is_not_shown() -> None:
    book = DepthBook()
    book.start(
        DepthSnapshot(
            10, ((Decimal(99), ONE), (Decimal(98), ONE)), ((Decimal(100), ONE), (Decimal(101), ONE))
        ),
        2,
    )
    book.take(DepthDiff("X", 11, 12, None, ((Decimal(90), ONE), (Decimal(98), Decimal(0))), ()))
    assert sides(book)[0] == ((Decimal(99), ONE),)
    assert (book.thin(1), book.thin(2)) == (False, True)
    book.take(DepthDiff("X", 13, 13, None, ((Decimal(99), Decimal(0)),), ()))
    assert book.book(5) is None  # 90 is left, but nobody knows what lies between


def test_e10_what_is_kept_is_bounded_and_a_broken_stream_starts_anew() -> None:
    exchange, book = Exchange(5, perp=False), DepthBook()
    early = exchange.snapshot()
    for _ in range(MOST_KEPT + 1):
        book.take(exchange.diff())
    assert not book.start(early, 1000)
    assert book.start(exchange.snapshot(), 1000)
    book.lose()
    assert book.book(5) is None
    exchange.diff()
    assert book.start(exchange.snapshot(), 1000)
    assert sides(book) == truth(exchange)


DIFF: dict[str, Any] = {
    "e": "depthUpdate",
    "s": "BTCUSDT",
    "U": 5,
    "u": 7,
    "b": [["1.5", "2"]],
    "a": [["2", "0"]],
}


def test_messages_are_read_with_their_digits() -> None:
    assert diff_of({**DIFF, "E": 1, "new": 2, "pu": 4}) == DepthDiff(
        "BTCUSDT", 5, 7, 4, ((Decimal("1.5"), Decimal(2)),), ((Decimal(2), Decimal(0)),)
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("e", "trade"), ("s", ""), ("s", 4), ("U", 8), ("U", "5"), ("U", True), ("u", -1), ("u", 2**63), ("pu", 9), ("pu", None),
        ("b", None), ("b", {}), ("b", [["1"]]), ("b", [[1.5, "2"]]), ("b", [["NaN", "1"]]), ("b", [["1e9", "1"]]),
        ("b", [["0", "1"]]), ("a", [["1", "-1"]]), ("a", [["1", "Infinity"]]), ("a", [["1", "1"]] * 5001),
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        diff_of({**DIFF, field: value})
    assert refused.value.field in ((field, "u") if field in ("U", "pu") else (field,))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"lastUpdateId": 1, "bids": [], "asks": [["1", "1"]]},
        {"lastUpdateId": 1, "bids": [["1", "0"]], "asks": [["2", "1"]]},
        {"bids": [["1", "1"]], "asks": [["2", "1"]]},
    ],
)
def test_a_snapshot_is_whole_or_refused(body: Any) -> None:
    with pytest.raises(BadInput):
        snapshot_of(body)
