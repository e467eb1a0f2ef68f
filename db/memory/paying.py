"""Vectors that cost money: reserved out of the org's budgets before they are asked for, settled after it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from secrets import token_bytes
from time import perf_counter
from uuid import UUID

import asyncpg

from db.minds.spending import Settlement, Wish, reserve, settle
from openoutcry.canonical import digest
from openoutcry.errors import OpenOutcryError
from openoutcry.minds.budget import Asked
from openoutcry.minds.prices import Price
from openoutcry.settings import BudgetSettings
from openoutcry.spaces import Vectors

SPENDER = "embedder"
"""Under this name its calls stand among the agents'."""


class NoMoney(OpenOutcryError):
    """The org's budgets do not allow it now."""

    code = "NO_MONEY"


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays an embedder, and what it takes."""

    pool: asyncpg.Pool
    model: str
    price: Price
    budget: BudgetSettings

    async def paid(
        self, org_id: UUID, texts: Sequence[str], ask: Callable[[Sequence[str]], Awaitable[Vectors]]
    ) -> Vectors:
        """The vectors of ``texts``. Raises NoMoney, and what ``ask`` raises; that costs its bound unless it says ``free``."""
        bound = self.price.bound(sum(len(text.encode("utf-8", "replace")) for text in texts), 0)
        wish = Wish(
            id=UUID(bytes=token_bytes(16)),  # of no record: vectors are made beside the rounds
            agent=SPENDER,
            model=self.model,
            prompt_hash=digest(list(texts)),
            params={"texts": len(texts)},
            asked=Asked(bound, cheapest=True, kept=True),
            session_id=None,
            seq=None,
        )
        verdict = await reserve(self.pool, org_id, wish, self.budget)
        if verdict.refused is not None:
            raise NoMoney(verdict.refused)
        began = perf_counter()
        try:
            vectors = await ask(texts)
        except OpenOutcryError as error:
            cost = Decimal(0) if getattr(error, "free", False) else None
            told = Settlement(cost, latency_ms=_ms(began), fault=str(error)[:300])
            await settle(self.pool, org_id, wish.id, SPENDER, told)
            raise
        unknown = self.price != Price() and vectors.tokens == 0
        cost = None if unknown else self.price.cost(vectors.tokens, 0, 0)
        await settle(self.pool, org_id, wish.id, SPENDER, Settlement(cost, vectors.tokens, 0, 0, _ms(began)))
        return vectors


def _ms(began: float) -> float:
    return (perf_counter() - began) * 1000
