"""What is too small to be sold now: told once, and tried again when its size changes, or after a while.

A price that rises, or rules that change, can make it large enough again.
"""

from collections.abc import Hashable
from decimal import Decimal

AGAIN_S = 600.0
"""Between two tries of the same amount."""


class Dust:
    """Amounts that were refused for their size, by what they are of. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._left: dict[Hashable, tuple[Decimal, float]] = {}

    def note(self, key: Hashable, quantity: Decimal, now: float) -> None:
        """An exit of this much was refused."""
        self._left[key] = quantity, now

    def rests(self, key: Hashable, quantity: Decimal, now: float) -> bool:
        """Whether it would be refused again, as far as anybody knows."""
        noted, at = self._left.get(key, (None, 0.0))
        return noted == quantity and now - at < AGAIN_S
