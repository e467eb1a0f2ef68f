"""Why a trade ended and why an entry was denied. The kernel deals in the numbers, everyone else in the names."""

from enum import IntEnum


class Exit(IntEnum):
    """Reason of an exit."""

    TP = 0
    """The target was reached."""
    SL = 1
    """The stop was reached."""
    SIGNAL = 2
    """The strategy's exit rule."""
    MAX_HOLD = 3
    """Held for max_hold_bars or max_hold_time_hours."""
    LOSS_TIMEOUT = 4
    """At a loss after exit_on_loss_after_bars."""
    PROFIT_TIMEOUT = 5
    """At profit_threshold_pct or better after exit_on_profit_after_bars."""
    LIQUIDATION = 6
    """A perpetual's margin fell to its maintenance margin."""
    DRAWDOWN = 7
    """The drawdown breaker tripped while the position was open."""
    KILL = 8
    """The kill switch fell while the position was open."""
    END = 9
    """The series ended; closed at its last close."""


class Denied(IntEnum):
    """The first gate, in this order, that an entry did not pass."""

    END_OF_DATA = 0
    """Signalled on the last bar: there is no bar to fill it in."""
    KILL_SWITCH = 1
    """The kill switch has fallen; it stays so for the rest of the run."""
    MAX_DRAWDOWN = 2
    """The drawdown breaker has tripped and its pause is not over."""
    MAX_POSITIONS = 3
    """max_open_positions are open."""
    DAILY_LIMIT = 4
    """max_trades_per_day entries were made on this UTC day."""
    COOLDOWN = 5
    """Fewer than cooldown_bars bars since the last entry or exit."""
    LOSS_COOLDOWN = 6
    """Too many losses within the short or the long window of the cooldown."""
    MIN_BALANCE = 7
    """Free cash below min_balance_threshold of the initial balance."""
    NO_ATR = 8
    """The stop needs an ATR that is not known yet: too few bars, or too few closed days before this bar."""
    BAD_LEVELS = 9
    """At the fill's price the stop or the target is on the wrong side."""
    MIN_TRADE_AMOUNT = 10
    """What may be bought is worth less than min_trade_amount."""
