"""Asking again: a bounded number of times, longer apart each time and never in step with others."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from mcp_servers.market.sources.exchange_client import Paused, Unreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` per question, waiting ``first_s`` and then twice as long each time, up to ``longest_s``.

    A pause the exchange asks for is waited out if it ends within ``longest_pause_s``, at most ``pauses`` times.
    """

    attempts: int = 6
    first_s: float = 0.5
    longest_s: float = 30.0
    longest_pause_s: float = 900.0
    pauses: int = 5

    async def ask(
        self, question: Callable[[], Awaitable[T]], jitter: Random, notice: Callable[[str], None]
    ) -> T:
        """The answer. ``notice`` is told of every wait. Raises the last Unreachable, and at once whatever else."""
        failures = pauses = 0
        while True:
            try:
                return await question()
            except Paused as error:
                pauses += 1
                if pauses > self.pauses or error.seconds > self.longest_pause_s:
                    raise
                wait = error.seconds + jitter.uniform(0.0, min(error.seconds, 1.0))
                notice(f"{error}; waiting {wait:.0f} s")
            except Unreachable as error:
                failures += 1
                if failures >= self.attempts:
                    raise
                wait = min(self.first_s * 2 ** (failures - 1), self.longest_s) * jitter.uniform(0.5, 1.5)
                notice(f"{error}; asking again in {wait:.1f} s")
            await asyncio.sleep(wait)
