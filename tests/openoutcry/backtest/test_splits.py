"""Splits: nothing that is trained on reaches into what is tested, and every row is tested."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openoutcry.backtest.splits import Span, Split, choices, combinatorial, pieces, walk_forward
from openoutcry.errors import BadInput

ROWS = st.integers(1, 400)
REACH = st.integers(0, 30)


def rows_of(spans: tuple[Span, ...]) -> set[int]:
    return {row for span in spans for row in range(span.start, span.stop)}


def is_tidy(spans: tuple[Span, ...], rows: int) -> bool:
    inside = all(0 <= span.start < span.stop <= rows for span in spans)
    return bool(spans) and inside and all(a.stop <= b.start for a, b in itertools.pairwise(spans))


def reached(spans: tuple[Span, ...], horizon: int) -> set[int]:
    """Every row that a label of these observations looks at."""
    return {row + ahead for row in rows_of(spans) for ahead in range(horizon + 1)}


@given(ROWS, st.integers(1, 40))
def test_pieces_cover_every_row_once_and_are_equally_long(rows: int, count: int):
    assume(count <= rows)
    made = pieces(rows, count)
    assert is_tidy(made, rows)
    assert rows_of(made) == set(range(rows))
    assert max(span.rows for span in made) - min(span.rows for span in made) <= 1


@given(ROWS, st.integers(1, 12), st.booleans(), REACH, REACH)
def test_walk_forward_trains_on_the_past_alone(
    rows: int, windows: int, anchored: bool, horizon: int, embargo: int
):
    try:
        splits = walk_forward(rows, windows, anchored=anchored, horizon=horizon, embargo=embargo)
    except BadInput as error:
        assert error.field == "walk_forward"
        return
    assert len(splits) == windows
    for train, test in splits:
        assert is_tidy(train, rows) and is_tidy(test, rows)
        assert max(reached(train, horizon)) + embargo < test[0].start
        assert train[0].start == 0 or not anchored
    tested = [row for split in splits for row in sorted(rows_of(split.test))]
    assert tested == list(range(splits[0].test[0].start, rows)), "in order, each once, up to the end"


def test_walk_forward_uses_all_the_purge_leaves():
    rolling = walk_forward(100, 4, horizon=3, embargo=2)
    assert rolling[0] == Split((Span(0, 15),), (Span(20, 40),))
    assert rolling[3] == Split((Span(60, 75),), (Span(80, 100),))
    assert walk_forward(100, 4, anchored=True)[3] == Split((Span(0, 80),), (Span(80, 100),))


@given(ROWS, st.integers(2, 8), st.data(), REACH, REACH)
def test_combinatorial_splits_are_purged_and_embargoed(rows, folds, data, horizon, embargo):
    chosen = data.draw(st.integers(1, folds - 1))
    try:
        splits = combinatorial(rows, folds, chosen, horizon=horizon, embargo=embargo)
    except BadInput as error:
        assert error.field == "folds"
        return
    assert len(splits) == math.comb(folds, chosen)
    for train, test in splits:
        assert is_tidy(train, rows) and is_tidy(test, rows)
        assert not reached(train, horizon) & reached(test, horizon)
        after = {span.stop + horizon + ahead for span in test for ahead in range(embargo)}
        assert not rows_of(train) & after
        near = (
            reached(test, horizon)
            | after
            | {row - back for row in rows_of(test) for back in range(horizon + 1)}
        )
        assert rows_of(train) == set(range(rows)) - near, "no row is left out without a reason"
    times = math.comb(folds - 1, chosen - 1)
    tested = [row for split in splits for row in rows_of(split.test)]
    assert sorted(tested) == sorted(list(range(rows)) * times), "every row is tested equally often"


def test_half_of_the_folds_gives_symmetric_halves():
    splits = combinatorial(40, 4, 2)
    assert {(split.test, split.train) for split in splits} == {(split.train, split.test) for split in splits}


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (lambda: walk_forward(10, 0), "walk_forward"),
        (lambda: walk_forward(10, 10), "walk_forward"),
        (lambda: walk_forward(10, 2, horizon=3), "walk_forward"),
        (lambda: walk_forward(10, 2, horizon=-1), "horizon"),
        (lambda: combinatorial(10, 2, embargo=-1), "embargo"),
        (lambda: combinatorial(10, 11), "folds"),
        (lambda: combinatorial(10, 1), "test_folds"),
        (lambda: combinatorial(100, 20, 10), "test_folds"),
        (lambda: combinatorial(10, 2, horizon=5), "folds"),
        (lambda: choices(4, 0), "test_folds"),
    ],
)
def test_impossible_splits_are_refused_naming_the_field(made, field):
    with pytest.raises(BadInput) as caught:
        made()
    assert caught.value.field == field
