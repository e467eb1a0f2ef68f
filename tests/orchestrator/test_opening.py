"""What a live session trades is settled when it opens: not before its market's first bars have come."""

from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest

from orchestrator import sessions
from orchestrator.bootstrap import LiveFloor

SPOT, BOTH = frozenset({"BTC/USDT"}), frozenset({"BTC/USDT", "BTC/USDT:USDT"})


@pytest.mark.parametrize(
    ("told", "looks"),
    [([frozenset(), SPOT, BOTH], 3), ([BOTH], 1), ([SPOT] * sessions.LOOKS, sessions.LOOKS)],
)
async def test_a_live_floor_waits_for_spot_and_perpetual_but_not_for_ever(
    told: list[frozenset[str]], looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LOOK_S", 0.0)
    listed = AsyncMock(side_effect=told)
    await sessions.first_bars(cast("LiveFloor", Mock(listed_symbols=listed)), ["BTC/USDT"])
    assert listed.await_count == looks
