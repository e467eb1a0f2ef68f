"""Jobs of kind ``backtest``: read the candles, check, run each symbol, measure, write the report."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from db.jobs.rows import Output
from openoutcry.backtest import preflight, sanity
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.preflight import Preflight, Stored
from openoutcry.backtest.report.page import page
from openoutcry.backtest.report.values import Reported
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.run import backtest
from openoutcry.backtest.sleeves import Together, together
from openoutcry.errors import BadInput, OpenOutcryError
from openoutcry.strategy.rules import RuleStrategy
from workers import leaving
from workers.assets import assets
from workers.candles import stored, with_days
from workers.provenance import provenance
from workers.running import looked_ahead, of_symbol, terms
from workers.strategy import Strategy, bars_needed, loaded
from workers.work import Work

TOTAL = 100
Fetch: TypeAlias = Callable[[Work, BacktestRequest, str, int], Stored]


def run(work: Work) -> Output:
    """The whole of a backtest. Raises BadInput with the first failed check when it must not run."""
    request = BacktestRequest.restored(work.request)
    began = [perf_counter()]
    work.step(0, TOTAL, "reading candles")
    strategy, market, checked = judged(work, request)
    began.append(perf_counter())
    outcomes = {
        symbol: run_symbol(work, request, strategy, market[symbol], number)
        for number, symbol in enumerate(request.symbols)
    }
    began.append(perf_counter())
    work.step(80, TOTAL, "measuring")
    whole = together(list(outcomes.values()))
    work.step(90, TOTAL, "writing the report")
    output = _output(work, request, strategy, outcomes, whole, checked)
    began.append(perf_counter())
    spans = zip(("prepare_s", "run_s", "report_s"), np.diff(began).tolist(), strict=True)
    output.timings.update({name: round(seconds, 4) for name, seconds in spans})
    return output


def judged(
    work: Work, request: BacktestRequest, fetch: Fetch | None = None
) -> tuple[Strategy, dict[str, Stored], Preflight]:
    """The strategy, what it trades on (read by ``fetch``) and the checks it passed. Raises BadInput with the first it failed."""
    fetch = fetch or read_market
    try:
        strategy = loaded(request, work.home)
    except OpenOutcryError as error:
        raise _refused(work, preflight.judged([preflight.unsound(error)], strict=request.strict)) from error
    rules = strategy if isinstance(strategy, RuleStrategy) else None
    needed = bars_needed(strategy, request)
    market = {symbol: fetch(work, request, symbol, needed) for symbol in request.symbols}
    checks = [preflight.strategy(rules), preflight.metadata(request, rules)]
    work.step(10, TOTAL, "checking")
    for one in market.values():
        found = preflight.data(request, one)
        checks.append(found)
        if found.verdict != "FAIL":
            lead = bars_needed(strategy, request, daily=one.daily is not None)
            checks += [preflight.warm_up(request, one, lead), *_funding(request, one)]
    if all(check.verdict != "FAIL" for check in checks):
        work.step(15, TOTAL, "looking for look-ahead")
        checks.append(looked_ahead(request, strategy, market[request.symbols[0]]))
    report = preflight.judged(checks, strict=request.strict)
    if report.failure:
        raise _refused(work, report)
    work.preflight(report.model_dump(mode="json"))
    return strategy, market, report


def read_market(work: Work, request: BacktestRequest, symbol: str, lead: int) -> Stored:
    """The stored candles of a symbol with at least ``lead`` bars before the period. Raises CandleFileBroken."""
    span = request.start, request.end
    found = stored(work.home, request.venue, symbol, request.timeframe, *span, lead)
    return with_days(found, work.home, request.venue, request.timeframe, *span)


def _refused(work: Work, report: Preflight) -> BadInput:
    work.preflight(report.model_dump(mode="json"))
    return BadInput(report.failure or "preflight")


def _funding(request: BacktestRequest, one: Stored) -> list[preflight.Check]:
    found = preflight.funding(request, one)
    return [] if found is None else [found]


def run_symbol(
    work: Work, request: BacktestRequest, strategy: Strategy, market: Stored, number: int
) -> Outcome:
    """What the strategy made of one of its symbols."""
    work.step(20 + 60 * number // len(request.symbols), TOTAL, f"running {market.symbol}")
    return backtest(of_symbol(strategy, market.symbol), market.candles, **terms(request, market, number))


def _output(
    work: Work,
    request: BacktestRequest,
    strategy: Strategy,
    outcomes: Mapping[str, Outcome],
    whole: Together,
    checked: Preflight,
) -> Output:
    denied, exits = leaving.denied(outcomes), leaving.exits(outcomes)
    warned = sanity.warnings(whole.metrics, whole.pnl, denied, exits)
    origin = provenance(work, request, (one.series.candles for one in outcomes.values()))
    report = Reported(request, outcomes, whole, checked, warned, origin, _rules(strategy))
    curve = leaving.curve(whole, whole.metrics.starting_balance)
    result = {
        "metrics": whole.metrics.to_dict(),
        "symbols": leaving.by_symbol(outcomes),
        "exits": exits,
        "denied": denied,
        "provenance": origin,
        "equity_points": {"stored": len(curve.at_ms), "bars": len(whole.times)},
    }
    return Output(
        result=result,
        warnings=[one.model_dump() for one in warned],
        curve=curve,
        trades=leaving.trades(work, outcomes),
        report=page(report, assets()),
    )


def _rules(strategy: Strategy) -> list[dict[str, Any]]:
    if not isinstance(strategy, RuleStrategy):
        return []
    return [
        {"part": part, **rule.plain()}
        for part, rules in (("entry", strategy.entry), ("exit", strategy.exit))
        for rule in rules
    ]
