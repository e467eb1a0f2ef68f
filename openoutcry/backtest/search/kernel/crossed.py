"""One combination of crossings in one call: where the lines cross, the run, and what the account was worth at a few bars."""

from typing import NamedTuple

from openoutcry.backtest.kernel.bars import Bars, Flags, Floats, Ints
from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.one import run_one
from openoutcry.backtest.kernel.state import Book, Records, Wanted
from openoutcry.backtest.search.kernel.crossing import crossings
from openoutcry.backtest.search.kernel.worth import worth_at
from openoutcry.backtest.terms import Terms


class Crossing(NamedTuple):
    """Two lines and the way they cross; nothing is said before bar ``blind``. ``also`` are flags that must hold too (empty:
    none). Empty lines: that part of what is wanted is given as it is.
    """

    fast: Floats
    slow: Floats
    up: bool
    blind: int
    also: Flags


@compiled
def run_crossed(
    terms: Terms, bars: Bars, wanted: Wanted, book: Book, fresh: Records, entered: Crossing, left: Crossing, together: bool,
    spare: Flags, start: int, days: Ints, order: Ints, worth: Floats,
) -> int:  # fmt: skip
    """Fill the parts of ``wanted`` that are crossings, run, fill ``worth`` at ``days``; how many trades there were.

    ``together`` when one crossing enters upwards and leaves downwards, or the other way round: both come out of one pass.
    ``fresh`` is an account that has not traded; ``order`` is empty.
    """
    if together:
        crossed(entered, wanted.entry, wanted.exit)
    else:
        crossed(entered, wanted.entry, spare)
        crossed(left, wanted.exit, spare)
    both(wanted.entry, entered.also)
    both(wanted.exit, left.also)
    book.account[0] = fresh[0]
    book.denied[:] = 0
    run_one(terms, bars, wanted, book, start)
    count = int(book.account[0].trades)
    worth_at(book.trades[:count], order, bars.close, days, terms.initial_balance, terms.fee_pct, worth)
    return count


@compiled
def crossed(crossing: Crossing, wanted: Flags, other: Flags) -> None:
    """Set the bars at which the lines cross in the direction; ``other`` takes the other direction's."""
    if not len(crossing.fast):
        return
    if crossing.up:
        crossings(crossing.fast, crossing.slow, wanted, other)
    else:
        crossings(crossing.fast, crossing.slow, other, wanted)
    wanted[: crossing.blind] = 0
    other[: crossing.blind] = 0


@compiled
def both(flags: Flags, also: Flags) -> None:
    """Keep the flags that the others have set too."""
    for bar in range(len(also)):
        flags[bar] &= also[bar]
