"""Who asks a live floor for orders over REST: one after another, each under one key until it is answered."""

import asyncio
from time import monotonic
from typing import Any

import aiohttp

from chaos.rig import LiveFloor
from chaos.waiting import PATIENCE_S

BOUGHT, SOLD = 0.01, 0.00999
"""The fee is taken in what is bought: all that it leaves is sold."""


class Person:
    """``made`` are the ids of the orders of which it was told that they were made, ``open`` those of which nobody could say yet;
    ``refusal`` says why the last one was not made.
    """

    def __init__(self, session: aiohttp.ClientSession, floor: LiveFloor, name: str) -> None:
        self._session, self._floor, self._name = session, floor, name
        self.made: set[str] = set()
        self.open: set[str] = set()
        self.orders = 0
        self.holds = False
        self.refusal = ""

    async def order(self) -> bool:
        """One order: sell what is held, else buy. True when it was made, False when it was refused or nobody knows."""
        self.orders += 1
        side, quantity = ("SELL", SOLD) if self.holds else ("BUY", BOUGHT)
        body = {"symbol": "BTC/USDT", "side": side, "type": "MARKET", "quantity": quantity}
        order = (await self._answered("/api/v1/orders", body, f"{self.orders}", 201))["order"]
        self.holds = not self.holds  # refused: a round has bought or sold meanwhile
        refused = order["status"] == "REJECTED"
        if refused or order["exchange_order_id"] is None:
            if not refused:
                self.open.add(str(order["id"]))
            self.refusal = f"{order.get('refusal')} {order['error_message']}"
            return False
        self.made.add(str(order["id"]))
        return True

    async def say(self, path: str, body: dict[str, Any], key: str) -> None:
        """Ask for something else."""
        await self._answered(path, body, key, 200)

    async def _answered(self, path: str, body: dict[str, Any], key: str, status: int) -> Any:
        """The answer with ``status``. Raises RuntimeError for a refusal, and when there is none for too long."""
        over = monotonic() + PATIENCE_S
        while monotonic() < over:
            said = await self._floor.ask(self._session, "POST", path, body, f"{self._name}-{key}", 30.0)
            if said is not None and said[0] == status:
                return said[1]
            if said is not None and 400 <= said[0] < 500 and said[0] not in (409, 429):
                raise RuntimeError(f"{path} {key} was answered with {said}")
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{path} {key} is not answered: {said}; {self._floor.said()}")
