"""A backtest at the command line: from the words to the outcome, without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from openoutcry.backtest import preflight, sanity
from openoutcry.backtest.audit import Audit, audit
from openoutcry.backtest.function import FunctionStrategy
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.preflight import Preflight, Stored
from openoutcry.backtest.request.asked import read
from openoutcry.backtest.request.completing import complete
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.request.period import EARLIEST
from openoutcry.backtest.run import backtest
from openoutcry.backtest.sanity import Warned
from openoutcry.backtest.sleeves import Together, together
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.types.timeframes import bar_length
from outcry.wording import OPTIONS, in_words, settings_of
from wire.document import read_document
from wire.functions import content_hash, is_function, load_function
from wire.strategies import load_trading_defaults, strategy_file
from workers import leaving
from workers.candles import coverage, stored, with_days
from workers.running import of_symbol, terms
from workers.strategy import bars_needed

NAMES = {
    **OPTIONS, "fee_pct": "--fee-pct", "slippage_pct": "--slippage-pct", "fills": "--fills", "name": "STRATEGY",
    "file": "STRATEGY",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed: the strategy, fields of a request by their own names (None where nothing was said), settings as
    NAME=VALUE, and whether to audit."""

    strategy: str
    fields: Mapping[str, Any]
    settings: Sequence[str]
    audit: bool


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A backtest that ran."""

    request: BacktestRequest
    strategy: RuleStrategy | FunctionStrategy
    outcome: Outcome
    whole: Together
    checked: Preflight
    warned: list[Warned]
    audit: Audit | None
    seconds: float


def run(words: Words, home: Path, now: datetime) -> Done:
    """The whole of it. Raises BadInput naming the option, or the field of the strategy, that is wrong."""
    try:
        request, strategy = _understood(words, home, now)
    except BadInput as error:
        raise in_words(error, NAMES) from error
    market, checked = _checked(request, strategy, home)
    told = terms(request, market, 0)
    began = perf_counter()
    outcome = backtest(of_symbol(strategy, market.symbol), market.candles, **told)
    seconds = perf_counter() - began
    looked = audit(strategy, market.candles, **told) if words.audit else None
    whole = together([outcome])
    one = {market.symbol: outcome}
    warned = sanity.warnings(whole.metrics, whole.pnl, leaving.denied(one), leaving.exits(one))
    return Done(request, strategy, outcome, whole, checked, warned, looked, seconds)


def _understood(
    words: Words, home: Path, now: datetime
) -> tuple[BacktestRequest, RuleStrategy | FunctionStrategy]:
    settings, defaults = settings_of(words.settings), load_trading_defaults(home)
    if is_function(words.strategy):
        execution = {name: settings.pop(name) for name in [*settings] if name in ExecutionConfig.model_fields}
        function = load_function(words.strategy, settings)
        body = {"name": function.name.strip("_") or "function", "entry_point": "file"}
        request = _request(words, {"strategy_json": body, "execution_config": execution}, {}, home, now)
        return request.model_copy(update={"content_hash": content_hash(words.strategy)}), function
    rules = read_document(strategy_file(words.strategy, home))
    request = _request(words, {"strategy_json": rules}, settings, home, now)
    return request, parse_strategy(request.strategy, defaults)


def _request(
    words: Words, source: dict[str, Any], settings: dict[str, Any], home: Path, now: datetime
) -> BacktestRequest:
    """As ``outcry jobs submit`` understands it; without dates, over all that is stored."""
    fields = {**words.fields, **source}
    open_start = fields["start"] is None and fields["lookback_months"] is None
    if open_start:
        fields["start"] = f"{EARLIEST:%Y-%m-%d}"
    request = complete(read(fields, now), load_trading_defaults(home), parameters=settings)
    if len(request.symbols) > 1:
        raise BadInput("symbols: one at a time; `outcry jobs submit` takes several", field="symbols")
    try:
        cover = coverage(home, request.venue, request.symbols[0], request.timeframe)
    except DataUnavailable as error:
        raise BadInput(f"symbols: {error}", field="symbols") from error
    if not open_start:
        return request
    newest = cover.last + bar_length(request.timeframe)
    return request.model_copy(update={"start": cover.first, "end": min(request.end, newest)})


def _checked(
    request: BacktestRequest, strategy: RuleStrategy | FunctionStrategy, home: Path
) -> tuple[Stored, Preflight]:
    symbol, needed = request.symbols[0], bars_needed(strategy, request)
    span = request.start, request.end
    market = stored(home, request.venue, symbol, request.timeframe, *span, needed)
    market = with_days(market, home, request.venue, request.timeframe, *span)
    needed = bars_needed(strategy, request, daily=market.daily is not None)
    rules = strategy if isinstance(strategy, RuleStrategy) else None
    checks = [preflight.strategy(rules), preflight.metadata(request, rules), preflight.data(request, market)]
    if checks[-1].verdict != "FAIL":
        checks.append(preflight.warm_up(request, market, needed))
        if (paid := preflight.funding(request, market)) is not None:
            checks.append(paid)
    report = preflight.judged(checks, strict=request.strict)
    if report.failure is not None:
        raise BadInput(f"--from: {report.failure.removeprefix('preflight: ')}", field="--from")
    return market, report
