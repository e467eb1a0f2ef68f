"""Jobs of kind ``backtest_bulk``: many strategies over one period, each series of candles read once for all of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any

import numpy as np

from db.jobs.rows import Output
from openoutcry.backtest.preflight import Stored
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.sleeves import together
from openoutcry.errors import OpenOutcryError
from openoutcry.types.timeframes import SECONDS, millis
from workers.candles import lead_bars
from workers.kinds import backtest
from workers.strategy import bars_needed, loaded
from workers.work import Work


class Shared:
    """Candles by series, read with the most bars before the start that any of the requests needs."""

    def __init__(self, requests: Sequence[BacktestRequest], work: Work) -> None:
        self._leads: dict[tuple[str, str, str], int] = {}
        self._read: dict[tuple[str, str, str], Stored] = {}
        for request in requests:
            try:
                needed = bars_needed(loaded(request, work.home), request)
            except OpenOutcryError:
                continue  # said in that request's own result
            for symbol in request.symbols:
                key = (request.venue, symbol, request.timeframe)
                self._leads[key] = max(needed, self._leads.get(key, 0))

    @property
    def fetches(self) -> int:
        """How many series have been read."""
        return len(self._read)

    def market(self, work: Work, request: BacktestRequest, symbol: str, lead: int) -> Stored:
        """What a run of this request alone would have read. Raises CandleFileBroken."""
        key = (request.venue, symbol, request.timeframe)
        if key not in self._read:
            self._read[key] = backtest.read_market(work, request, symbol, self._leads.get(key, lead))
        whole = self._read[key]
        since = request.start - lead_bars(lead) * timedelta(seconds=SECONDS[request.timeframe])
        first = int(np.searchsorted(whole.candles.timestamp, millis(since)))
        return replace(whole, candles=whole.candles[first:])


def run(work: Work) -> Output:
    """Every request of the job in turn. What is wrong with one is its own result and stops none of the others."""
    requests = [BacktestRequest.restored(request) for request in work.request["requests"]]
    shared, quiet = Shared(requests, work), work.silent()
    began, results = perf_counter(), list[dict[str, Any]]()
    for number, request in enumerate(requests):
        work.step(number, len(requests), f"running {request.name}")
        results.append(_one(quiet, request, shared))
    seconds = round(perf_counter() - began, 4)
    return Output(
        result={"results": results, "data_fetches": shared.fetches, "seconds": seconds},
        timings={"run_s": seconds},
    )


def _one(work: Work, request: BacktestRequest, shared: Shared) -> dict[str, Any]:
    began = perf_counter()
    told: dict[str, Any] = {"strategy_name": request.name, "metrics": None, "trade_count": 0, "error": None}
    try:
        strategy, market, _ = backtest.judged(work, request, shared.market)
        outcomes = {
            symbol: backtest.run_symbol(work, request, strategy, market[symbol], number)
            for number, symbol in enumerate(request.symbols)
        }
        metrics = together(list(outcomes.values())).metrics.to_dict()
        told |= {"success": True, "metrics": metrics, "trade_count": metrics["total_trades"]}
    except OpenOutcryError as error:
        told |= {"success": False, "error": str(error)}
    return {**told, "execution_time_seconds": round(perf_counter() - began, 4)}
