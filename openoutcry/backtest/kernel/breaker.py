"""The drawdown breaker: the account's high-water mark, and the pause after too deep a fall from it."""

from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.state import DRAWDOWN_UNTIL, HIGH, NONE_YET, WALLET, Account
from openoutcry.backtest.terms import Terms


@compiled
def trips(terms: Terms, account: Account, value: float, bar: int) -> bool:
    """Note what the account is worth at a bar's close; True when it has fallen too far, which starts the pause.

    At the last bar of the pause the high-water mark is taken anew, and from there on watched again.
    """
    if terms.max_drawdown_limit >= 1.0:
        return False
    money, marks = account.money, account.marks
    if bar < marks[DRAWDOWN_UNTIL] - 1:
        return False
    if bar == marks[DRAWDOWN_UNTIL] - 1 or value > money[HIGH]:
        money[HIGH] = value
    if value > money[HIGH] * (1.0 - terms.max_drawdown_limit):
        return False
    marks[DRAWDOWN_UNTIL] = bar + 1 + terms.long_window_bars
    return True


@compiled
def forgive(account: Account, bar: int) -> None:
    """Take the high-water mark anew where a pause was over before ``bar`` and nothing was open since."""
    if NONE_YET < account.marks[DRAWDOWN_UNTIL] <= bar:
        account.money[HIGH] = account.money[WALLET]
        account.marks[DRAWDOWN_UNTIL] = NONE_YET
