"""A report of a run on generated candles."""

from dataclasses import replace
from functools import cache

from openoutcry.backtest.preflight import Check, judged
from openoutcry.backtest.report.page import page
from openoutcry.backtest.report.values import Reported
from openoutcry.backtest.sanity import Warned
from openoutcry.backtest.sleeves import together
from tests.openoutcry.backtest.asking import request
from tests.openoutcry.backtest.drawn import market
from tests.openoutcry.backtest.runs import config, run, wanting
from workers.assets import assets

RULE = {
    "part": "entry",
    "name": "sma_cross_up",
    "signal_type": "TRIGGER",
    "timeframe": "1h",
    "params": {"window": 3},
}
ORIGIN = {
    "data": "recorded",
    "seed": "7",
    "version": "0.1.0",
    "commit": "abc123",
    "data_hash": "d1",
    "strategy_hash": "5e",
}


@cache
def reported(count: int = 3_000, *, symbols: tuple[str, ...] = ("BTC/USDT",), every: int = 60) -> Reported:
    """Entries every ``every`` bars, each held for half of them."""
    outcomes = {}
    for seed, symbol in enumerate(symbols):
        plan = wanting(
            count, tuple(range(20, count - every, every)), tuple(range(20 + every // 2, count - every, every))
        )
        cash = config(initial_balance=10_000 / len(symbols))
        outcomes[symbol] = run(market(seed, count, "1h", 0.01, 0.0), plan, config=cash)
    made = request(start="2023-01-01", end="2023-05-05", asset=None, symbols=list(symbols))
    checks = judged([Check(name="data", verdict="WARN", message="2,999 of 3,000 bars")], strict=False)
    doubts = [Warned(check="few_trades", message="too few")]
    return Reported(made, outcomes, together(list(outcomes.values())), checks, doubts, ORIGIN, [RULE])


def named(name: str) -> Reported:
    """A report in which everything a stranger can name is ``name``."""
    base = reported()
    asked = base.request.model_copy(update={"name": name, "version": name, "exchange": name})
    return replace(
        base,
        request=asked,
        preflight=judged([Check(name=name, verdict="PASS", message=name)], strict=False),
        warnings=[Warned(check=name, message=name)],
        provenance={**ORIGIN, name: name},
        rules=[{**RULE, "name": name, "params": {name: name}}],
        outcomes={name: base.outcomes["BTC/USDT"]},
    )


def html(report: Reported) -> str:
    """The page."""
    return page(report, assets())
