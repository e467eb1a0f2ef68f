"""What a book does over a minute, from moments of it: how it leans, and what shows itself and is gone again.

A level is large when it holds at least 6 times the median of its side's levels. One that came, was never the best of its
side, and is gone within 10 seconds has shown itself without meaning to trade: spoof-like, told as the share of its side's
depth (1.0: as much as the side usually holds). What moved out of sight or was reached by the price does not count.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean, median

from openoutcry.market.book import Book, Level

WINDOW_MS, BRIEF_MS, FRESH_MS, KEPT_MS = 60_000, 10_000, 5_000, 600_000
LARGE = 6.0
LEVELS = 20
NEAR_BPS = 10
EVERY_MS = 250


@dataclass(frozen=True, slots=True)
class Pressure:
    """A book's reading at a moment. ``imbalance`` is bid minus ask quantity within 10 bps over their sum, -1 to 1.

    ``imbalance_mean`` and the vanished shares are over the last minute; None where nothing was watched.
    """

    spread_bps: float
    imbalance: float
    bid_depth: float
    ask_depth: float
    imbalance_mean: float | None = None
    vanished_bid: float | None = None
    vanished_ask: float | None = None
    watched_s: float = 0.0


@dataclass(slots=True)
class _Shown:
    since_ms: int
    quantity: float


def pressure_of(book: Book) -> Pressure:
    """What one book says by itself; the best level of each side counts, however wide the spread."""
    bids, asks = (float(depth) for depth in book.depth(NEAR_BPS))
    bids, asks = bids or float(book.bids[0].quantity), asks or float(book.asks[0].quantity)
    lean = (bids - asks) / (bids + asks)
    return Pressure(round(float(book.spread_bps), 6), round(lean, 6), bids, asks)


class BookWatch:
    """Moments of one book, in the order of their time."""

    def __init__(self) -> None:
        self._moments: deque[tuple[int, Pressure]] = deque()
        self._gone: deque[tuple[int, str, float]] = deque()
        self._shown: dict[tuple[str, Decimal], _Shown] = {}

    def due(self, at_ms: int) -> bool:
        """Whether another moment is worth looking at."""
        return not self._moments or at_ms - self._moments[-1][0] >= EVERY_MS

    def take(self, at_ms: int, book: Book) -> None:
        """The book as it stands at a moment (ms since 1970)."""
        self._moments.append((at_ms, pressure_of(book)))
        for side, levels in (("bid", book.bids[:LEVELS]), ("ask", book.asks[:LEVELS])):
            self._look(at_ms, side, levels)
        while self._moments[0][0] < at_ms - KEPT_MS:
            self._moments.popleft()
        while self._gone and self._gone[0][0] < at_ms - KEPT_MS:
            self._gone.popleft()

    def lose(self) -> None:
        """The stream broke off: what was seen last may have gone for any reason."""
        self._shown.clear()

    def at(self, at_ms: int) -> Pressure | None:
        """What could be said at a moment from what was seen up to it; None when the last sight is older than 5 s."""
        seen = [(ms, one) for ms, one in self._moments if at_ms - WINDOW_MS < ms <= at_ms]
        if not seen or at_ms - seen[-1][0] > FRESH_MS:
            return None
        last = seen[-1][1]
        gone = {
            side: sum(q for ms, s, q in self._gone if s == side and at_ms - WINDOW_MS < ms <= at_ms)
            for side in ("bid", "ask")
        }
        return Pressure(
            last.spread_bps,
            last.imbalance,
            last.bid_depth,
            last.ask_depth,
            round(fmean(one.imbalance for _, one in seen), 6),
            round(gone["bid"] / fmean(one.bid_depth for _, one in seen), 6),
            round(gone["ask"] / fmean(one.ask_depth for _, one in seen), 6),
            (seen[-1][0] - seen[0][0]) / 1000,
        )

    def _look(self, at_ms: int, side: str, levels: tuple[Level, ...]) -> None:
        here = {level.price: float(level.quantity) for level in levels}
        best, deepest = levels[0].price, levels[-1].price
        bar = LARGE * median(here.values())
        for (whose, price), shown in list(self._shown.items()):
            if whose != side:
                continue
            reached = price >= best if side == "bid" else price <= best
            unseen = price < deepest if side == "bid" else price > deepest
            left = here.get(price, 0.0)
            if reached or unseen:
                del self._shown[side, price]
            elif left < shown.quantity / 4:
                del self._shown[side, price]
                if at_ms - shown.since_ms <= BRIEF_MS:
                    self._gone.append((at_ms, side, shown.quantity - left))
        for price, quantity in here.items():
            if quantity >= bar and price != best and (side, price) not in self._shown:
                self._shown[side, price] = _Shown(at_ms, quantity)
