"""Training and test rows of a series: walk-forward, k-fold and combinatorial, purged and embargoed.

An observation made at row t has consequences until row t + ``horizon`` (the longest a position is held), so a
training row leaks into a test when their horizons meet: it is purged. ``embargo`` keeps further rows apart, against what is
correlated beyond the horizon. Sources: López de Prado, Advances in Financial Machine Learning (2018), chapters 7 and 12;
Bailey, Borwein, López de Prado and Zhu, The Probability of Backtest Overfitting (2017).
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from openoutcry.errors import BadInput

MOST_SPLITS = 20_000
"""C(16, 8) is 12,870; C(18, 9) is 48,620."""


class Span(NamedTuple):
    """Rows from ``start`` up to but not including ``stop``."""

    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.stop - self.start


class Split(NamedTuple):
    """Rows to choose on and rows to judge on; each a tuple of disjoint, ascending, non-empty spans."""

    train: tuple[Span, ...]
    test: tuple[Span, ...]


def pieces(rows: int, count: int, *, field: str = "folds") -> tuple[Span, ...]:
    """``rows`` cut into ``count`` consecutive spans whose lengths differ by one at most, the longer ones first.

    Raises BadInput when there are fewer rows than spans.
    """
    if not 1 <= count <= rows:
        raise BadInput(f"{field}: {rows} rows cannot be cut into {count} parts", field=field)
    size, longer = divmod(rows, count)
    edges = [0, *itertools.accumulate(size + (number < longer) for number in range(count))]
    return tuple(Span(*edge) for edge in itertools.pairwise(edges))


def walk_forward(
    rows: int, windows: int, *, anchored: bool = False, horizon: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """``windows`` tests in a row, each judged on rows that follow the ones it was chosen on.

    The rows are cut into ``windows + 1`` equal parts: the first is only trained on, the others are the tests. Training ends
    ``horizon + embargo`` rows before its test; it starts one part earlier, or at row 0 when ``anchored``. Raises BadInput
    naming ``walk_forward`` when that leaves a training of no rows.
    """
    _not_negative(horizon=horizon, embargo=embargo)
    if windows < 1:
        raise BadInput("walk_forward: at least one window", field="walk_forward")
    parts = pieces(rows, windows + 1, field="walk_forward")
    gap = horizon + embargo
    made = []
    for before, test in itertools.pairwise(parts):
        train = Span(0 if anchored else before.start, before.stop - gap)
        if train.rows < 1:
            raise BadInput(
                f"walk_forward: {windows} windows leave {before.rows} rows to train on, and {gap} of them are"
                " purged before the test; take fewer windows, more data or a smaller purge",
                field="walk_forward",
            )
        made.append(Split((train,), (test,)))
    return tuple(made)


def choices(groups: int, chosen: int) -> Iterator[tuple[int, ...]]:
    """Every way to take ``chosen`` of ``groups``, in lexicographic order. Raises BadInput over 20,000 ways."""
    ways = math.comb(groups, chosen)
    if not 1 <= chosen < groups or ways > MOST_SPLITS:
        raise BadInput(
            f"test_folds: {chosen} of {groups} gives {ways:,} splits; from 1 to {MOST_SPLITS:,} are possible",
            field="test_folds",
        )
    return itertools.combinations(range(groups), chosen)


def combinatorial(
    rows: int, folds: int, test_folds: int = 1, *, horizon: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """Every choice of ``test_folds`` out of ``folds`` equal parts as the test, the other rows for training.

    One test fold is k-fold cross-validation; half of the folds is CSCV's symmetric halves. A training row is left out when its
    horizon meets that of a test row (on either side), and on the ``embargo`` rows after that. Raises BadInput when a split is
    left with no training row.
    """
    _not_negative(horizon=horizon, embargo=embargo)
    parts = pieces(rows, folds)
    made = []
    for tested in choices(folds, test_folds):
        test = _joined([parts[number] for number in tested])
        train = _without(rows, test, horizon, embargo)
        if not train:
            raise BadInput(
                f"folds: with a purge of {horizon} and an embargo of {embargo} rows nothing is left to train on",
                field="folds",
            )
        made.append(Split(train, test))
    return tuple(made)


def _not_negative(**given: int) -> None:
    for name, value in given.items():
        if value < 0:
            raise BadInput(f"{name}: cannot be negative", field=name)


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    made: list[Span] = []
    for span in spans:
        if made and made[-1].stop == span.start:
            made[-1] = Span(made[-1].start, span.stop)
        else:
            made.append(span)
    return tuple(made)


def _without(rows: int, test: tuple[Span, ...], horizon: int, embargo: int) -> tuple[Span, ...]:
    """The rows from which no test span is within reach."""
    made, start = [], 0
    for span in test:
        made.append(Span(start, span.start - horizon))
        start = span.stop + horizon + embargo
    made.append(Span(start, rows))
    return tuple(span for span in made if span.rows > 0)
