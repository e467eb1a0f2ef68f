"""The numbers behind the charts and the trades table, as the page's script takes them."""

import json
from typing import Any

import numpy as np

from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.report.values import Reported
from openoutcry.backtest.thinning import bar_name, coarser, kept
from openoutcry.risk.metrics import falls

MOST_POINTS = 3_000
MOST_CANDLES = 10_000
MOST_TRADES = 5_000
DIGITS = 8


def payload(report: Reported) -> str:
    """JSON that is safe inside a script element whatever its texts hold."""
    text = json.dumps(_values(report), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _values(report: Reported) -> dict[str, Any]:
    symbols = list(report.outcomes)
    return {
        "quote": report.quote,
        "equity": _equity(report),
        "candles": [_candles(symbol, report.outcomes[symbol]) for symbol in symbols],
        "trades": _trades([report.outcomes[symbol] for symbol in symbols]),
        "reasons": [reason.name for reason in Exit],
    }


def _equity(report: Reported) -> dict[str, list[float]]:
    """The account, one who bought at the start and held, and the fall from the high, in percent."""
    whole = report.together
    start = report.metrics.starting_balance
    fall = falls(whole.equity, start) * -100.0
    rows = kept(whole.equity, MOST_POINTS)
    rows = np.unique(np.concatenate([rows, kept(fall, MOST_POINTS)]))
    return {
        "t": (whole.times[rows] // 1000).tolist(),
        "v": _rounded(whole.equity[rows]),
        "hold": _rounded(_held(report)[rows]),
        "fall": _rounded(fall[rows]),
    }


def _held(report: Reported) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    times, total = report.together.times, np.zeros(len(report.together.times))
    for outcome in report.outcomes.values():
        candles = outcome.series.candles
        share = outcome.initial_balance / float(candles.open[outcome.start])
        newest = np.searchsorted(outcome.times(), times, side="right") - 1
        closes = candles.close[outcome.start :] * share
        total += np.where(newest >= 0, closes[np.maximum(newest, 0)], outcome.initial_balance)
    return total


def _candles(symbol: str, outcome: Outcome) -> dict[str, Any]:
    traded = outcome.series.candles[outcome.start :]
    shown, bar_ms = coarser(traded, outcome.series.timeframe, MOST_CANDLES)
    return {
        "symbol": symbol,
        "bar": bar_name(bar_ms),
        "bar_s": bar_ms // 1000,
        "thinned": bar_ms != outcome.series.bar_ms,
        "t": (shown.timestamp // 1000).tolist(),
        **{letter: _rounded(column) for letter, column in zip("ohlc", shown.arrays()[1:5], strict=True)},
    }


def _trades(outcomes: list[Outcome]) -> dict[str, Any]:
    """Columns, in the order of entries over all symbols; the first 5,000."""
    symbol = np.concatenate([np.full(len(one), number) for number, one in enumerate(outcomes)]).astype(
        np.int64
    )
    entered = np.concatenate([one.entry_times() for one in outcomes])
    order = np.argsort(entered, kind="stable")[:MOST_TRADES]

    def column(name: str) -> Any:
        return np.concatenate([getattr(one.trades, name) for one in outcomes])[order]

    return {
        "total": len(entered),
        "symbol": symbol[order].tolist(),
        "in": (entered[order] // 1000).tolist(),
        "out": (np.concatenate([one.exit_times() for one in outcomes])[order] // 1000).tolist(),
        "side": column("side").tolist(),
        "reason": column("reason").tolist(),
        **{
            key: _rounded(column(name))
            for key, name in (
                ("entry", "entry_price"), ("exit", "exit_price"), ("size", "size"), ("fees", "fees"), ("pnl", "pnl"),
            )
        },
    }  # fmt: skip


def _rounded(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
    """To eight significant digits: more cannot be seen."""
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
