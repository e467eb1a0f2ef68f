"""P14: rounds leave nothing behind in the execution server's memory but what they traded."""

import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.mcp_servers.execution.floor import Floor, floor_in_memory
from tests.mcp_servers.execution.test_placing import ENTRY

WARM, ROUNDS = 80, 80
"""The 64 newest tokens of rounds are kept (wire/tokens.py)."""
OF_A_ROUND, OF_AN_ORDER = 1_500, 12_000
"""Bytes, at most: timers of calls stay until they would have run out, an order's history stays for whoever asks again. A round's
snapshot, answer or connection that stayed would be thousands each.
"""


async def grown(do: Callable[[int], Awaitable[object]], first: int, warm: int, count: int) -> float:
    """Bytes that stay of each of ``count`` times, once the first have filled what is filled once."""
    for number in range(first, first + warm):
        await do(number)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(first + warm, first + warm + count):
        await do(number)
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / count


async def test_p14_rounds_leave_nothing_and_orders_their_history(tmp_path: Path, fresh_database: str) -> None:
    async with floor_in_memory(tmp_path, fresh_database) as floor:
        tracemalloc.start()
        try:
            rounds = await grown(lambda seq: floor.sync(seq=seq, hour=0), 1, WARM, ROUNDS)
            orders = await grown(lambda seq: placed(floor, seq), 1_000, 5, 20)
        finally:
            tracemalloc.stop()
    assert rounds < OF_A_ROUND, f"{rounds:.0f} bytes a round"
    assert 0 < orders < OF_AN_ORDER, f"{orders:.0f} bytes an order"


async def placed(floor: Floor, seq: int) -> None:
    assert (await floor.place(ENTRY, seq=seq, hour=0))["status"] in ("FILLED", "REJECTED")
