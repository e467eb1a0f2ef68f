"""What came out of a run: the trades as columns, why entries were denied, and the equity curve on demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.kernel.bars import Floats, Ints
from openoutcry.backtest.kernel.state import Funding, Records
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.series import Series

INSIDE = (Exit.TP, Exit.SL, Exit.LIQUIDATION, Exit.END)
"""Exits whose moment inside their bar is not known, or is its close: they count as of the close."""


class Trades(NamedTuple):
    """Columns, one row for each trade in the order of entries: bars, side (+1, −1), size in base units, prices as filled
    (levels that there were not are NaN), then fees, funding paid and profit or loss after both."""

    entry_bar: Ints
    exit_bar: Ints
    side: NDArray[np.int8]
    reason: NDArray[np.int8]
    size: Floats
    entry_price: Floats
    exit_price: Floats
    stop: Floats
    target: Floats
    fees: Floats
    funding: Floats
    pnl: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A run from bar ``start`` of ``series`` on. Amounts are in the quote currency."""

    strategy: str
    asset: str
    series: Series
    start: int
    fills: FillModel
    seed: int
    fee_pct: float
    initial_balance: float
    final_balance: float
    records: Records
    denied: Mapping[str, int]
    """Entries that were asked for and denied, by the name of the first gate they failed."""
    funding: Funding

    def __len__(self) -> int:
        return len(self.records)

    @property
    def trades(self) -> Trades:
        """The trades as columns."""
        return Trades._make(self.records[name] for name in Trades._fields)

    def equity(self) -> Floats:
        """Cash plus open positions at market, at the close of each bar from ``start`` on."""
        from openoutcry.backtest.kernel.curve import (
            equity_curve,  # loads the compiler, which a run has done already
        )

        bars = self.series.bars
        equity = np.zeros(len(self.series) - self.start)
        account = self.start, self.initial_balance, self.fee_pct
        equity_curve(self.records, bars, self.funding, *account, equity)
        return equity

    def times(self) -> Ints:
        """When those bars close (UTC ms)."""
        return np.asarray(self.series.candles.timestamp[self.start :] + self.series.bar_ms)

    def entry_times(self) -> Ints:
        """When each trade was entered (UTC ms)."""
        late = self.series.bar_ms if self.fills.entry == "signal_close" else 0
        return np.asarray(self.series.candles.timestamp[self.trades.entry_bar] + late)

    def exit_times(self) -> Ints:
        """When each trade was over: its bar's open for orders that fill there, else its bar's close."""
        late = np.isin(self.trades.reason, INSIDE) | (self.fills.entry == "signal_close")
        return np.asarray(self.series.candles.timestamp[self.trades.exit_bar] + late * self.series.bar_ms)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The trades one by one, as the API shows them."""
        entered, over, trades = self.entry_times().tolist(), self.exit_times().tolist(), self.trades
        for i in range(len(self)):
            pnl = float(trades.pnl[i])
            yield {
                "trade_id": i + 1,
                "outcome": "win" if pnl > 0 else "loss",
                "profit_loss": pnl,
                "asset": self.asset,
                "side": "long" if trades.side[i] > 0 else "short",
                "entry_price": float(trades.entry_price[i]),
                "exit_price": float(trades.exit_price[i]),
                "position_size": float(trades.size[i]),
                "entry_timestamp": time_text(entered[i]),
                "exit_timestamp": time_text(over[i]),
                "exit_reason": Exit(int(trades.reason[i])).name,
                "stop_loss_price": _level(trades.stop[i]),
                "take_profit_price": _level(trades.target[i]),
                "strategy": self.strategy,
                "fees": float(trades.fees[i]),
                "funding": float(trades.funding[i]),
                "bars_held": int(trades.exit_bar[i] - trades.entry_bar[i]),
            }


def denials(counts: Ints) -> dict[str, int]:
    """Counts by name, those that happened."""
    return {reason.name: int(counts[reason]) for reason in Denied if counts[reason]}


def time_text(stamp_ms: int) -> str:
    """UTC milliseconds as ISO 8601."""
    return datetime.fromtimestamp(stamp_ms / 1000, tz=UTC).isoformat().replace("+00:00", "Z")


def _level(price: float) -> float | None:
    return None if np.isnan(price) else float(price)
