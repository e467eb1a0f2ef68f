"""Jobs of kind ``data_sync``: an exchange's candles and funding rates into this worker's store."""

import asyncio
from time import perf_counter

from db.candles import CandleStore, FundingSeries, Series
from db.candles.sync.request import SyncRequest
from db.candles.sync.result import SyncResult
from db.candles.sync.syncing import Syncing
from db.jobs.rows import Output
from mcp_servers.market.sources.opening import opened_history
from wire.clock import WallClock
from workers.work import Work

PER_SERIES = 100


def run(work: Work) -> Output:
    """Sync what the request names. What was stored stays, however the job ends; done again it goes on from there."""
    request = SyncRequest.asked(**work.request)
    began = perf_counter()
    result = asyncio.run(_synced(work, request))
    body = result.body(perf_counter() - began, WallClock().now())
    return Output(result={**body, "misasked": result.misasked})


async def _synced(work: Work, request: SyncRequest) -> SyncResult:
    total = PER_SERIES * len(request.symbols) * (1 + request.funding)
    begun: list[Series | FundingSeries] = []
    passed = 0

    def watch(series: Series | FundingSeries, done: int, of: int) -> None:
        nonlocal passed
        if series not in begun:
            begun.append(series)
        passed = min(PER_SERIES * (len(begun) - 1) + PER_SERIES * done // max(of, 1), total)
        work.progress(passed, total, f"fetching {series}")

    def notice(text: str) -> None:
        work.step(passed, total, text)

    async with opened_history(work.home, request.exchange, notice=notice) as history:
        return await Syncing(history, CandleStore(work.home), request, WallClock(), watch=watch).run()
