"""A person at the floor: orders by hand, some of them foolish, cancels, pauses, and letting go of the breaker."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from db import commands
from db.pool import LOST
from openoutcry.types import commands as c
from openoutcry.types.amounts import cents
from simulator.exchange.book import UNIT, Exchange
from simulator.world.market import SYMBOL
from wire.config import DEFAULT_ORG

PLACES = 5
STEP = Decimal("0.00001")
OTHER = "ETH/USDT"
PAUSE_S = 30.0
"""How long on average between two wishes."""


class Person:
    """Asks for things through the queue of commands, as the API does. ``exchange`` is only looked at, for its prices."""

    def __init__(
        self, pool: Any, exchange: Exchange, random: Random, order_ids: Callable[[], list[str]]
    ) -> None:
        self._pool, self._exchange, self._random = pool, exchange, random
        self._order_ids = order_ids
        self._asked = 0

    async def live(self, session: Callable[[], UUID | None], until: Callable[[], bool]) -> None:
        """Wish for something now and then, until nothing goes wrong on purpose any more."""
        while not until():
            await asyncio.sleep(self._random.expovariate(1 / PAUSE_S))
            found = session()
            if found is None:
                continue
            for wish in self._wishes(str(found)):
                await self._ask(wish)

    async def _ask(self, wish: c.Command) -> None:
        """Once, whatever becomes of the answer: the queue knows the wish by its name."""
        self._asked += 1
        for _ in range(3):
            try:
                await commands.submit(
                    self._pool, UUID(DEFAULT_ORG), wish, "person", once=f"wish {self._asked}"
                )
                return
            except (*LOST, OSError):
                await asyncio.sleep(1.0)

    def _wishes(self, session: str) -> list[c.Command]:
        random = self._random
        kind = random.choice(KINDS)
        if kind == "pause":
            return [c.PauseSession(session_id=session)]
        if kind == "resume":
            return [c.ResumeSession(session_id=session)]
        if kind == "reset":
            return [c.ResetBreaker(session_id=session, reason="looked at")]
        if kind == "cancel":
            known = self._order_ids()
            return [c.CancelOrder(order_id=random.choice(known))] if known else []
        orders = [self._order(kind)]
        return orders * random.randint(2, 5) if kind == "again" else orders

    def _order(self, kind: str) -> c.Command:
        random, price = self._random, self._price()
        small = cents(Decimal(random.randint(100, 500)) / price, PLACES)
        asked: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": small}
        if kind == "sell":
            held = Decimal(self._exchange.base) / UNIT
            asked |= {
                "side": "SELL",
                "quantity": max(STEP, cents(held * random.choice((1, 2)) / 2, PLACES)),
            }
        elif kind == "limit":
            asked |= {"type": "LIMIT", "price": cents(price * Decimal("0.998"), 2)}
        elif kind == "trailing":
            asked |= {"trailing_stop": random.choice((0.004, 0.01))}
        elif kind == "huge":
            asked |= {"quantity": cents(Decimal(random.choice((4_000, 9_000, 90_000))) / price, PLACES)}
        elif kind == "short":
            asked |= {"side": "SELL", "quantity": Decimal(random.randint(1, 9))}
        elif kind == "mistyped":
            asked |= {
                "type": "LIMIT",
                "price": cents(price * random.choice((2, 10)), 2),
            }
        elif kind == "crooked":
            asked |= {"quantity": small + STEP / 8}
        elif kind == "other":
            asked |= {"symbol": OTHER}
        return c.PlaceOrder(**asked)

    def _price(self) -> Decimal:
        return Decimal(self._exchange.bars[max(0, self._exchange.matched - 1)][4]) / UNIT


KINDS = ("buy", "buy", "trailing", "sell", "sell", "limit", "huge", "short", "mistyped", "crooked", "other", "again", "again",
         "pause", "resume", "resume", "reset", "reset", "cancel")  # fmt: skip
"""What a person wishes for. Those who pause also resume, and a breaker is let go of sooner than on a real floor."""
