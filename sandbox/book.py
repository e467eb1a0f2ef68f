"""One order book: levels of the exchange's own market makers, and the resting orders of users behind them."""

from dataclasses import dataclass

from sandbox.orders import Order, Side
from sandbox.units import ONE

LEVELS = 50
MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Take:
    """One step of a sweep: ``against`` is the resting order of a user, or None for the house."""

    price: int
    quantity: int
    against: Order | None


def mixed(*parts: int) -> int:
    """A stable 64-bit hash of integers (splitmix64), so that sizes differ from level to level and repeat by seed."""
    state = 0x9E3779B97F4A7C15
    for number in parts:
        state = (state ^ (number & MASK)) * 0xBF58476D1CE4E5B9 & MASK
        state ^= state >> 27
        state = state * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state


class Book:
    """Prices and sizes in units. ``update_id`` counts changes of levels, as depth streams number them."""

    def __init__(self, tick: int, step: int, seed: int) -> None:
        self.tick = tick
        self.step = step
        self.seed = seed
        self.mid = 0
        self.house: dict[Side, dict[int, int]] = {"BUY": {}, "SELL": {}}
        self.resting: dict[Side, list[Order]] = {"BUY": [], "SELL": []}
        self.update_id = 1
        self._quoted: tuple[int, int] | None = None
        self._shown: dict[Side, dict[int, int]] = {"BUY": {}, "SELL": {}}

    def quote(self, mid: int, second: int) -> None:
        """Set the house's levels around a price. They are filled up again once a second or when the price moves."""
        if self._quoted == (mid, second):
            return
        self._quoted, self.mid = (mid, second), mid
        gap = max(self.tick, mid // 100_000 // self.tick * self.tick)
        worth = 100_000 * ONE * ONE // mid
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for level in range(LEVELS):
            for side, price, table in (
                (0, mid - gap * level, bids),
                (1, mid + self.tick + gap * level, asks),
            ):
                if price > 0:
                    size = worth * (50 + mixed(self.seed, price, second // 5, side) % 1450) // 1000
                    table[price] = max(self.step, size - size % self.step)
        self.house = {"BUY": bids, "SELL": asks}

    def best(self, side: Side) -> int | None:
        """The best price of a side, the house's and users' together."""
        prices = [*self.house[side], *(order.price for order in self.resting[side])]
        if not prices:
            return None
        return max(prices) if side == "BUY" else min(prices)

    def sweep(self, side: Side, limit: int, quantity: int, quote: int = 0) -> list[Take]:
        """What an incoming order would trade with, best price first; the book is left as it is.

        ``limit`` 0 takes any price. ``quote`` instead of ``quantity`` spends (or raises) at most that much.
        """
        other: Side = "SELL" if side == "BUY" else "BUY"
        sign = 1 if side == "BUY" else -1
        house = [(sign * price, 0, units, None) for price, units in self.house[other].items() if units]
        users = [(sign * order.price, order.id, order.remaining, order) for order in self.resting[other]]
        takes: list[Take] = []
        left, money = quantity, quote
        for key, _, size, against in sorted([*house, *users], key=lambda row: row[:2]):
            price = sign * key
            if limit and sign * (price - limit) > 0:
                break
            if quote:
                affordable = money * ONE // price
                left = affordable - affordable % self.step
            take = min(left, size)
            if take <= 0:
                break
            takes.append(Take(price, take, against))
            left -= take
            money -= take * price // ONE
            if not left and not quote:
                break
        return takes

    def take(self, side: Side, price: int, quantity: int) -> None:
        """Take from the house's level that a ``side`` order met."""
        other: Side = "SELL" if side == "BUY" else "BUY"
        left = self.house[other][price] - quantity
        if left:
            self.house[other][price] = left
        else:
            del self.house[other][price]

    def rest(self, order: Order) -> None:
        self.resting[order.side].append(order)

    def leave(self, order: Order) -> None:
        """Take an order off the book, if it is there."""
        self.resting[order.side] = [one for one in self.resting[order.side] if one is not order]

    def depth(self, side: Side) -> dict[int, int]:
        """Size by price, house and users together."""
        levels = dict(self.house[side])
        for order in self.resting[side]:
            levels[order.price] = levels.get(order.price, 0) + order.remaining
        return levels

    def ranked(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """The best ``limit`` levels of a side."""
        return sorted(self.depth(side).items(), reverse=side == "BUY")[:limit]

    def changes(self) -> tuple[int, int, list[tuple[int, int]], list[tuple[int, int]]] | None:
        """(first id, last id, bids, asks) that changed since the last call, size 0 for what is gone; None for nothing."""
        changed: dict[Side, list[tuple[int, int]]] = {"BUY": [], "SELL": []}
        sides: tuple[Side, Side] = ("BUY", "SELL")
        for side in sides:
            now, before = self.depth(side), self._shown[side]
            changed[side] = [(price, units) for price, units in now.items() if before.get(price) != units]
            changed[side] += [(price, 0) for price in before if price not in now]
            self._shown[side] = now
        count = len(changed["BUY"]) + len(changed["SELL"])
        if not count:
            return None
        first = self.update_id + 1
        self.update_id += count
        return first, self.update_id, sorted(changed["BUY"], reverse=True), sorted(changed["SELL"])
