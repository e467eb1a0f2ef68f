"""What is stored, by symbol: which there are, and how fresh each is."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from db.candles.errors import CandleFileBroken
from db.candles.series import Series
from db.candles.store import CandleStore
from openoutcry.market.freshness import Freshness, freshness
from openoutcry.types.symbols import canonical


def stored_symbols(store: CandleStore, exchange: str | None = None) -> list[str]:
    """Symbols with candles, of one exchange or all, ascending."""
    return sorted({one.symbol for one in store.series() if exchange in (None, one.exchange)})


def last_closes(store: CandleStore, series: Iterable[Series]) -> dict[Series, datetime | None]:
    """The close of each series' newest bar, from one footer each; None where that file is damaged."""
    found: dict[Series, datetime | None] = {}
    for one in series:
        try:
            opened = store.last(one)
        except CandleFileBroken:
            found[one] = None
        else:
            if opened is not None:
                found[one] = opened + timedelta(milliseconds=one.bar_ms)
    return found


def freshness_by_symbol(
    store: CandleStore, symbols: Sequence[str], threshold_hours: float, now: datetime
) -> dict[str, Freshness]:
    """How fresh the freshest series of each symbol is, under the name it was asked by; all stored ones without any.

    Raises BadSymbol for a name that is none.
    """
    asked = {name: canonical(name, field="symbols") for name in symbols or stored_symbols(store)}
    series = [one for one in store.series() if one.symbol in asked.values()]
    newest: dict[str, datetime] = {}
    for one, closed in last_closes(store, series).items():
        if closed is not None:
            newest[one.symbol] = max(closed, newest.get(one.symbol, closed))
    return {name: freshness(newest.get(symbol), now, threshold_hours) for name, symbol in asked.items()}
