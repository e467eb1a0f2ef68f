"""Trades that end for their age and what has become of them."""

from openoutcry.backtest.kernel.compiled import part
from openoutcry.backtest.kernel.state import STAYS, Trade
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.terms import Terms

LOSS_TIMEOUT, PROFIT_TIMEOUT = int(Exit.LOSS_TIMEOUT), int(Exit.PROFIT_TIMEOUT)


@part
def aged(terms: Terms, trade: Trade, close: float, age: int) -> int:
    """Whether a trade held for ``age`` bars is to end at a close, as a loser or a winner; STAYS when not."""
    gain = trade.side * (close - trade.entry_price)
    if gain < 0.0 and age >= terms.exit_on_loss_after_bars:
        return LOSS_TIMEOUT
    if age >= terms.exit_on_profit_after_bars and gain >= terms.profit_threshold_pct * trade.entry_price:
        return PROFIT_TIMEOUT
    return STAYS
