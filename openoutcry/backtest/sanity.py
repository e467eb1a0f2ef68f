"""Results that are too good, too thin or too odd to be believed as they are: each gets a warning, none is an error.

| check | warns when |
|---|---|
| no_trades | nothing was traded |
| few_trades | fewer than 10 trades |
| sharpe | the Sharpe ratio is above 5 |
| win_rate | every one of 20 or more trades won |
| profit_factor | 20 or more trades have a profit factor above 10 |
| one_trade | one trade made more than half of the sum of all profits, of 5 or more trades with a net profit |
| exposure | a position was open on 99 % of the bars or more |
| no_drawdown | 5 or more trades and no drawdown at all |
| ruin | the account ended below a tenth of its start |
| denied | more than nine of ten entries were denied |
| stopped | the kill switch or the drawdown breaker ended trading for a time |
| liquidated | a position was liquidated |
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.metrics import Metrics
from openoutcry.types.frozen import Frozen

MOST_SHARPE = 5.0
ENOUGH = 20
FEW = 10
HALF = 0.5


class Warned(Frozen):
    """One thing that is suspicious."""

    check: str
    message: str


def warnings(
    metrics: Metrics,
    pnl: NDArray[np.float64],
    denied: Mapping[str, int],
    exits: Mapping[str, int],
) -> list[Warned]:
    """What is suspicious about a run: its figures, its trades' profits, why entries were denied and trades ended."""
    return [Warned(check=check, message=message) for check, message in _found(metrics, pnl, denied, exits)]


def _found(
    metrics: Metrics, pnl: NDArray[np.float64], denied: Mapping[str, int], exits: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    count = metrics.total_trades
    if not count:
        yield "no_trades", f"nothing was traded{_why(denied)}"
    elif count < FEW:
        yield "few_trades", f"{count} trade{'s' * (count > 1)}: too few to tell skill from luck"
    yield from _too_good(metrics, pnl)
    if metrics.exposure >= 0.99:
        yield "exposure", f"in the market {metrics.exposure:.0%} of the time: little else than holding"
    if metrics.ending_balance < 0.1 * metrics.starting_balance:
        yield "ruin", f"{metrics.ending_balance:,.0f} is left of {metrics.starting_balance:,.0f}"
    asked = count + sum(denied.values())
    if count and asked - count > 0.9 * asked:
        yield "denied", f"{asked - count:,} of {asked:,} entries were denied{_why(denied)}"
    if stopped := [name for name in ("KILL_SWITCH", "MAX_DRAWDOWN") if denied.get(name)]:
        yield "stopped", f"{' and '.join(stopped)} denied {sum(denied[name] for name in stopped):,} entries"
    if liquidated := exits.get("LIQUIDATION"):
        yield "liquidated", f"{liquidated:,} position{'s were' if liquidated > 1 else ' was'} liquidated"


def _too_good(metrics: Metrics, pnl: NDArray[np.float64]) -> Iterator[tuple[str, str]]:
    count = metrics.total_trades
    if metrics.sharpe_ratio is not None and metrics.sharpe_ratio > MOST_SHARPE:
        yield "sharpe", f"a Sharpe ratio of {metrics.sharpe_ratio:.1f} is hardly ever real"
    if count >= ENOUGH and metrics.win_rate == 1.0:
        yield "win_rate", f"all {count} trades won"
    elif count >= ENOUGH and metrics.profit_factor is not None and metrics.profit_factor > 10.0:
        yield "profit_factor", f"profits are {metrics.profit_factor:.0f} times the losses"
    gains = pnl[pnl > 0]
    if count >= 5 and metrics.net_pnl > 0 and len(gains) and float(gains.max()) > HALF * float(gains.sum()):
        share = float(gains.max()) / float(gains.sum())
        yield "one_trade", f"one trade made {share:.0%} of all profits"
    if count >= 5 and metrics.max_drawdown <= 0.0:
        yield "no_drawdown", f"{count} trades and not one bar below the high"


def _why(denied: Mapping[str, int]) -> str:
    if not denied:
        return ""
    name, times = max(denied.items(), key=lambda item: item[1])
    return f"; most often by {name} ({times:,})"
