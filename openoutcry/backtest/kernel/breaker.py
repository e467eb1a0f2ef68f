"""The drawdown breaker: the account's high-water mark, and the pause after too deep a fall from it."""

from openoutcry.backtest.kernel.compiled import part
from openoutcry.backtest.kernel.state import NONE_YET, Account
from openoutcry.backtest.terms import Terms


@part
def trips(terms: Terms, account: Account, value: float, bar: int) -> bool:
    """Note what the account is worth at a bar's close; True when it has fallen too far, which starts the pause.

    At the last bar of the pause the high-water mark is taken anew, and from there on watched again. From nothing nothing falls.
    """
    if terms.max_drawdown_limit >= 1.0 or bar < account.drawdown_until - 1:
        return False
    if bar == account.drawdown_until - 1 or value > account.high:
        account.high = value
    if bar >= account.drawdown_until:
        account.drawdown_until = NONE_YET
    if value > account.high * (1.0 - terms.max_drawdown_limit) or account.high <= 0.0:
        return False
    account.drawdown_until = bar + 1 + terms.long_window_bars
    return True


@part
def forgive(account: Account, bar: int) -> None:
    """Take the high-water mark anew where a pause was over before ``bar`` and nothing was open since."""
    if NONE_YET < account.drawdown_until <= bar:
        account.high = account.wallet
        account.drawdown_until = NONE_YET
