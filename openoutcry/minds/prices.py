"""What a model's tokens cost, and until when it has read."""

from datetime import date
from decimal import Decimal

from pydantic import Field

from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen

MILLION = Decimal(1_000_000)


class Price(Frozen):
    """Dollars for a million tokens. ``knows_until``: results of days up to it are contaminated by training.

    ``cache_write`` is what prompt tokens cost that the vendor keeps for later rounds; None: what others cost.
    """

    input: Amount = Decimal(0)
    cached_input: Amount = Decimal(0)
    cache_write: Amount | None = None
    output: Amount = Decimal(0)
    knows_until: date | None = None

    def cost(
        self, prompt_tokens: int, cached_tokens: int, completion_tokens: int, written_tokens: int = 0
    ) -> Decimal:
        """Dollars of one call; cached tokens and those written to the vendor's cache are part of the prompt's."""
        fresh = prompt_tokens - cached_tokens - written_tokens
        return (
            self.input * fresh
            + self.cached_input * cached_tokens
            + (self.input if self.cache_write is None else self.cache_write) * written_tokens
            + self.output * completion_tokens
        ) / MILLION

    def bound(self, prompt_bytes: int, max_tokens: int) -> Decimal:
        """The most that a call can cost: no token is shorter than a byte, and none is read from a cache."""
        dearest = max(self.input, self.cached_input, self.cache_write or Decimal(0))
        return (dearest * prompt_bytes + self.output * max_tokens) / MILLION


class PriceTable(Frozen):
    """Prices by model name, as of a day."""

    prices_of: date
    models: dict[str, Price] = Field(default_factory=dict)

    @property
    def cutoffs(self) -> dict[str, date | None]:
        """Until when each model has read, by name."""
        return {name: price.knows_until for name, price in self.models.items()}
