"""A live floor whose execution server does not answer, as during a ban, leaves bars out and goes on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from openoutcry.errors import ToolFailed
from orchestrator import bootstrap, conductor
from orchestrator.bootstrap import LiveFloor
from orchestrator.conductor import Conductor
from wire.config import RunSpec

BARS = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(4)]


class Server:
    """An execution server that is away for its first ``away`` questions."""

    def __init__(self, away: float) -> None:
        self.away, self.asked = away, 0

    async def list_tools(self) -> list[dict[str, Any]]:
        self.asked += 1
        if self.asked <= self.away:
            raise ToolFailed("execution", "UNREACHABLE", "connection refused")
        return []


async def executes(server: Server) -> bool:
    return await LiveFloor.executes(cast("LiveFloor", SimpleNamespace(servers={"execution": server})))


async def test_a_server_that_starts_again_is_waited_for_and_one_that_stays_away_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await executes(Server(away=2))
    monkeypatch.setattr(bootstrap, "EXECUTES_S", 0.5)
    assert not await executes(Server(away=float("inf")))


@pytest.mark.parametrize("taped", [False, True])
async def test_bars_without_it_are_left_out_of_a_live_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taped: bool
) -> None:
    answers = iter([True, False, False, True])

    async def ticks(timeframe: str, after: datetime | None = None) -> AsyncIterator[datetime]:
        for bar in BARS:
            yield bar

    async def executes() -> bool:
        return next(answers)

    monkeypatch.setattr(conductor, "live_ticks", ticks)
    floor = SimpleNamespace(store=None, voices=(), executes=executes, tape=object() if taped else None)
    spec = RunSpec(market="live", exchange="binance", symbols=("BTC/USDT",), timeframe="1h")
    heard = [bar async for bar in Conductor(cast("LiveFloor", floor), spec, tmp_path)._ticks()]
    assert heard == (BARS if taped else [BARS[0], BARS[3]])
    assert heard[-1] - heard[0] == timedelta(hours=3)
