"""What a model's tokens cost, and until when it has read."""

from datetime import date
from decimal import Decimal

from pydantic import Field

from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen

MILLION = Decimal(1_000_000)


class Price(Frozen):
    """Dollars for a million tokens. ``knows_until``: results of days up to it are contaminated by training."""

    input: Amount = Decimal(0)
    cached_input: Amount = Decimal(0)
    output: Amount = Decimal(0)
    knows_until: date | None = None

    def cost(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> Decimal:
        """Dollars of one call; cached tokens are part of the prompt's."""
        fresh = prompt_tokens - cached_tokens
        return (
            self.input * fresh + self.cached_input * cached_tokens + self.output * completion_tokens
        ) / MILLION


class PriceTable(Frozen):
    """Prices by model name, as of a day."""

    prices_of: date
    models: dict[str, Price] = Field(default_factory=dict)
