"""An order book at one instant, and what is read off it."""

from dataclasses import dataclass
from decimal import Decimal

BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Level:
    """Quantity (base units) on offer at one price."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """Bids descending, asks ascending in price, best first; neither side is empty and they do not cross."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def __post_init__(self) -> None:
        if not self.bids or not self.asks or self.bids[0].price >= self.asks[0].price:
            raise ValueError("a book needs two sides that do not cross")

    @property
    def mid(self) -> Decimal:
        """Halfway between best bid and best ask."""
        return (self.bids[0].price + self.asks[0].price) / 2

    @property
    def spread_bps(self) -> Decimal:
        """Best ask minus best bid, in basis points of the mid."""
        return (self.asks[0].price - self.bids[0].price) / self.mid * BPS

    def depth(self, bps: int) -> tuple[Decimal, Decimal]:
        """Bid and ask quantity within ``bps`` of the mid."""
        low, high = self.mid * (1 - bps / BPS), self.mid * (1 + bps / BPS)
        bids = sum((level.quantity for level in self.bids if level.price >= low), Decimal(0))
        return bids, sum((level.quantity for level in self.asks if level.price <= high), Decimal(0))

    def imbalance(self) -> float:
        """Bid minus ask quantity over their sum, all levels: -1 (only asks) to 1 (only bids)."""
        bids = sum((level.quantity for level in self.bids), Decimal(0))
        asks = sum((level.quantity for level in self.asks), Decimal(0))
        return float((bids - asks) / (bids + asks))
