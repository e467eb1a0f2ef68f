"""What an exchange does not have is remembered beside the month files, in one step, and can be forgotten."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleFileBroken, CandleStore
from db.candles.absent import NAME
from openoutcry.market.spans import Span, minus, total, union, within
from tests.db.candles.series_of_bars import BTC_1H, HOUR, walk

AT = datetime(2024, 5, 1, tzinfo=UTC)
SPANS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 60)).map(lambda pair: Span(pair[0], sum(pair))), max_size=8
)


def instants(spans: list[Span]) -> set[int]:
    return {at for span in spans for at in range(span.start, span.end)}


@given(whole=SPANS, taken=SPANS)
def test_arithmetic_of_stretches(whole: list[Span], taken: list[Span]) -> None:
    left, both = minus(whole, taken), union([*whole, *taken])
    assert instants(left) == instants(whole) - instants(taken)
    assert instants(both) == instants(whole) | instants(taken)
    assert instants(within(union(whole), Span(50, 300))) == instants(whole) & set(range(50, 300))
    assert total(left) == len(instants(left))
    assert all(a.end < b.start for a, b in pairwise(both))


@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(SPANS, max_size=4), gone=SPANS)
def test_remembered_and_forgotten_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[Span]], gone: list[Span]
) -> None:
    store = CandleStore(tmp_path_factory.mktemp("home"))
    for piece in pieces:
        store.remember_absent(BTC_1H, piece, AT)
    known = {at for piece in pieces for at in instants(piece)}
    assert instants(store.absent(BTC_1H)) == known
    for span in gone:
        store.forget_absent(BTC_1H, span)
    assert instants(store.absent(BTC_1H)) == known - instants(gone)


def test_holes_are_what_is_not_stored(tmp_path: Path) -> None:
    store, bars = CandleStore(tmp_path), walk(24 * 70)
    bounds = Span(int(bars.timestamp[0]) - HOUR, int(bars.timestamp[-1]) + HOUR)
    assert store.holes(BTC_1H, bounds) == [bounds]
    for part in (slice(0, 30), slice(33, 400), slice(401, 24 * 69)):
        store.merge(BTC_1H, bars[part])
    at = bars.timestamp.tolist()
    assert store.holes(BTC_1H, bounds) == [
        Span(at[0] - HOUR, at[0]),
        Span(at[30], at[33]),
        Span(at[400], at[401]),
        Span(at[24 * 69], at[-1] + HOUR),
    ]


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b'[{"start": "2024-01-01"}]', b"\xff\xfe", b"[1"])
def test_a_damaged_list_is_named(tmp_path: Path, content: bytes) -> None:
    store = CandleStore(tmp_path)
    store.remember_absent(BTC_1H, [Span(0, HOUR)], AT)
    (tmp_path / BTC_1H.folder / NAME).write_bytes(content)
    with pytest.raises(CandleFileBroken, match=r"absent\.json"):
        store.absent(BTC_1H)
