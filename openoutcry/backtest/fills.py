"""When and at what price orders fill."""

from typing import Literal

from openoutcry.types.frozen import Frozen


class FillModel(Frozen):
    """How the kernel fills orders. The defaults use nothing that was not known when the order was given."""

    entry: Literal["next_open", "signal_close"] = "next_open"
    """Orders decided at a bar's close fill at the next bar's open, or at that close: a look-ahead, since the price
    that decided the order cannot be traded any more once it is known."""
    levels: Literal["level", "close"] = "level"
    """Stop and target act inside the bar and fill at their level (at the open where it gaps beyond), or they are compared
    with closes only and fill there."""
    first: Literal["stop", "target"] = "stop"
    """Which comes first where one bar reaches both and its open does not tell."""
    slippage: Literal["uniform", "fixed", "none"] = "uniform"
    """Each fill is worse by a seeded uniform draw from [0, slippage_pct), by slippage_pct, or not at all."""

    @property
    def look_ahead(self) -> bool:
        """True where an order fills at the price it was decided on."""
        return self.entry == "signal_close"
