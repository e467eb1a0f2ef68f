"""Waiting for something of which nobody tells, and never for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

PATIENCE_S = 300.0


async def until(what: Callable[[], Awaitable[bool]], error: Callable[[], str], every_s: float = 0.05) -> None:
    """Ask ``what`` again until it is true. Raises RuntimeError with ``error`` when patience is over."""
    over = monotonic() + PATIENCE_S
    while not await what():
        if monotonic() > over:
            raise RuntimeError(error())
        await asyncio.sleep(every_s)
