"""The checks before a backtest: is the strategy sound, is the data there, can anything be traded, does it look ahead?

Each check passes, warns or fails, and says why. A failure stops the run; in strict mode a warning is a failure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.backtest.audit import Audit
from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.series import Series
from openoutcry.errors import BadInput, OpenOutcryError
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, from_millis, millis

Verdict = Literal["PASS", "WARN", "FAIL"]
RANK: Sequence[Verdict] = ("PASS", "WARN", "FAIL")
EDGE = 0.01
"""Share of the period that may be missing at its ends."""
HOLES = 0.10
"""Share of bars that may be missing inside it."""


class Check(Frozen):
    """What one check found. ``symbol`` is set where there is one check per symbol."""

    name: str
    verdict: Verdict
    message: str
    symbol: str | None = None


class Preflight(Frozen):
    """All checks; the verdict is the worst of them."""

    verdict: Verdict
    strict: bool
    checks: tuple[Check, ...]

    @property
    def failure(self) -> str | None:
        """Why the run must not start, naming the first check that failed."""
        failed = [check for check in self.checks if check.verdict == "FAIL"]
        if not failed:
            return None
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return f"preflight: {failed[0].name}: {failed[0].message}{more}"


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What the store has of a symbol for a run: bars from some before the period to its end, and the funding paid in it.

    ``made_of`` names the shorter bars they were made of; ``elsewhere`` is what else is stored of the symbol, for a hint.
    """

    symbol: str
    candles: Candles
    made_of: str | None = None
    funding: FundingRates | None = None
    elsewhere: str = ""
    daily: Candles | None = None
    """Daily bars behind the ATR of days; without them days are made of the candles."""


def judged(checks: Iterable[Check], *, strict: bool) -> Preflight:
    """The report of these checks."""
    found = [_strictly(check) if strict else check for check in checks]
    worst = max((RANK.index(check.verdict) for check in found), default=0)
    return Preflight(verdict=RANK[worst], strict=strict, checks=tuple(found))


def strategy(rules: RuleStrategy | None, warnings: Sequence[str] = ()) -> Check:
    """A strategy that can run; rules declared otherwise than the registry has them are worth a warning."""
    if rules is None:
        return Check(name="strategy", verdict="PASS", message="code, loaded")
    told = [*rules.warnings, *warnings]
    parts = f"{len(rules.entry)} entry and {len(rules.exit)} exit rules"
    if told:
        return Check(name="strategy", verdict="WARN", message=f"{parts}; {'; '.join(told)}")
    return Check(name="strategy", verdict="PASS", message=parts)


def unsound(error: OpenOutcryError) -> Check:
    """A strategy that cannot run at all."""
    return Check(name="strategy", verdict="FAIL", message=str(error))


def metadata(request: BacktestRequest, rules: RuleStrategy | None) -> Check:
    """Name, version, asset and side fit what is run."""
    told = f"{request.name} {request.version or '(no version)'}, {request.timeframe}, {', '.join(request.symbols)}"
    if rules is not None:
        wanted = rules.symbol.base
        others = [symbol for symbol in request.symbols if parse_symbol(symbol).base != wanted]
        if others:
            message = f"{told}: the strategy is written for {wanted}, not {', '.join(others)}"
            return Check(name="metadata", verdict="WARN", message=message)
    return Check(name="metadata", verdict="PASS", message=told)


def data(request: BacktestRequest, stored: Stored) -> Check:
    """Enough good bars of the symbol in the period."""
    found = _data(request, stored)
    return found.model_copy(update={"symbol": stored.symbol, "message": f"{stored.symbol}: {found.message}"})


def _data(request: BacktestRequest, stored: Stored) -> Check:
    bar_ms = SECONDS[request.timeframe] * 1000
    first, last = -(-millis(request.start) // bar_ms) * bar_ms, (millis(request.end) - 1) // bar_ms * bar_ms
    expected = (last - first) // bar_ms + 1
    if expected < 2:
        message = (
            f"start: the period holds {max(expected, 0)} bars of {request.timeframe}; a backtest needs 2"
        )
        return Check(name="data", verdict="FAIL", message=message)
    stamps = stored.candles.timestamp
    there = stamps[(stamps >= first) & (stamps <= last)]
    get = _how_to_get(request, stored.symbol)
    if not len(there):
        return Check(name="data", verdict="FAIL", message=f"no {request.timeframe} bars of {request.venue} stored"
                     f" in the period{stored.elsewhere}; {get}")  # fmt: skip
    try:
        Series.of(stored.candles, request.timeframe)
    except BadInput as error:
        return Check(name="data", verdict="FAIL", message=f"{error}; {get}")
    head, tail = int(there[0] - first) // bar_ms, int(last - there[-1]) // bar_ms
    inside = int(there[-1] - there[0]) // bar_ms + 1 - len(there)
    said = f"{len(there):,} of {expected:,} bars"
    if stored.made_of:
        said += f" (made of {stored.made_of} bars)"
    if head + max(0, tail - 1) > max(2, EDGE * expected):
        span = f"stored from {from_millis(int(there[0])):%Y-%m-%d} to {from_millis(int(there[-1])):%Y-%m-%d}"
        asked = f"asked for {request.start:%Y-%m-%d} to {request.end:%Y-%m-%d}"
        return Check(name="data", verdict="FAIL", message=f"{said}: {span}, {asked}; {get}")
    if inside > HOLES * expected:
        return Check(
            name="data", verdict="FAIL", message=f"{said}: {inside:,} are missing inside the period; {get}"
        )
    if inside or head or tail > 1:
        where = [f"{inside:,} missing inside"] * bool(inside) + [f"{head + tail:,} at the ends"] * bool(
            head or tail > 1
        )
        return Check(name="data", verdict="WARN", message=f"{said}; {', '.join(where)}")
    return Check(name="data", verdict="PASS", message=said)


def funding(request: BacktestRequest, stored: Stored) -> Check | None:
    """A perpetual pays funding; None for spot."""
    if parse_symbol(stored.symbol).kind == "spot":
        return None
    rates = 0 if stored.funding is None else len(stored.funding)
    days = (request.end - request.start).total_seconds() / 86_400
    said = f"{stored.symbol}: {rates:,} funding rates in {days:,.0f} days"
    if rates and rates >= days * 0.9:  # one a day at least, whatever the interval
        return Check(name="funding", verdict="PASS", message=said, symbol=stored.symbol)
    message = f"{said}: what is missing is not paid in this run"
    return Check(name="funding", verdict="WARN", message=message, symbol=stored.symbol)


def warm_up(request: BacktestRequest, stored: Stored, needed: int) -> Check:
    """``needed`` bars pass before the strategy's indicators know anything."""
    stamps = stored.candles.timestamp
    before = int(np.searchsorted(stamps, millis(request.start)))
    inside = len(stamps) - before
    said = f"{stored.symbol}: the indicators need {needed:,} bars"
    verdict: Verdict = "PASS"
    message = f"{said}; {before:,} before the start are there"
    if needed >= before + inside:
        verdict = "FAIL"
        message = f"{said}, more than there are ({before + inside:,}): nothing could ever be traded"
    elif before < needed:
        verdict = "WARN"
        message += f": nothing is traded before {from_millis(int(stamps[needed])):%Y-%m-%d %H:%M}"
    config = request.execution_config
    by_atr = config.stop_loss_calculation == "dynamic_atr" and config.atr_long_weight > 0
    if verdict != "PASS" and by_atr and stored.daily is None:
        days = config.atr_period + 2
        message += (
            f" (the ATR of days needs {days:,} whole days or stored 1d bars; with atr_long_weight 0 none)"
        )
    return Check(name="warm_up", verdict=verdict, message=message, symbol=stored.symbol)


def look_ahead(fills: FillModel, audited: Audit) -> Check:
    """Nothing depended on the future. Fills that do by choice are worth a warning."""
    found = [one for one in audited.findings if one.kind != "fill" or not fills.look_ahead]
    if found:
        return Check(name="look_ahead", verdict="FAIL", message=f"at {found[0].at}: {found[0].message}")
    if fills.look_ahead:
        message = (
            "fills.entry signal_close: orders fill at the close that decided them, which nobody can trade"
        )
        return Check(name="look_ahead", verdict="WARN", message=message)
    said = f"{audited.cuts} other futures changed none of {audited.signals:,} signals and {audited.trades:,} trades"
    return Check(name="look_ahead", verdict="PASS", message=said)


def unaudited(error: OpenOutcryError) -> Check:
    """The strategy could not be run on another future."""
    return Check(name="look_ahead", verdict="WARN", message=f"not audited: {error}")


def _strictly(check: Check) -> Check:
    if check.verdict != "WARN":
        return check
    return check.model_copy(update={"verdict": "FAIL", "message": f"{check.message} (strict)"})


def _how_to_get(request: BacktestRequest, symbol: str) -> str:
    funding = " --funding" if parse_symbol(symbol).kind == "perp" else ""
    return (
        f"get them with `outcry data sync --exchange {request.venue} --symbols {symbol}"
        f" --timeframe {request.timeframe} --from {request.start:%Y-%m-%d}{funding}`, or `outcry data import`"
    )
