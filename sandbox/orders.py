"""Orders and their fills, as the exchange keeps them."""

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["BUY", "SELL"]
OPEN = ("NEW", "PARTIALLY_FILLED")
FINAL = ("FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH")
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT")
PROFITS = ("TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
MARKETS = ("MARKET", "STOP_LOSS", "TAKE_PROFIT")


@dataclass(frozen=True)
class Fill:
    """One trade of one order. ``fee`` in units of ``fee_asset``; ``pnl`` on perpetuals alone."""

    id: int
    order_id: int
    account: str
    symbol: str
    side: Side
    price: int
    quantity: int
    quote: int
    fee: int
    fee_asset: str
    maker: bool
    time_ms: int
    pnl: int = 0
    list_id: int = -1


@dataclass
class Order:
    """One order. ``working`` is false while a stop waits for its trigger."""

    id: int
    account: str
    symbol: str
    client_id: str
    side: Side
    type: str
    tif: str
    price: int
    stop: int
    quantity: int
    quote_quantity: int
    time_ms: int
    updated_ms: int
    status: str = "NEW"
    executed: int = 0
    quote: int = 0
    reserved: int = 0
    reserved_asset: str = ""
    working: bool = True
    list_id: int = -1
    list_client_id: str = ""
    reduce_only: bool = False
    close_position: bool = False
    position_side: str = "BOTH"
    working_type: str = "CONTRACT_PRICE"
    expiry_reason: str = ""
    original_type: str = ""
    born_ms: int = 0
    fills: list[Fill] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def remaining(self) -> int:
        return self.quantity - self.executed

    @property
    def stopped(self) -> bool:
        """A stop or take-profit whose trigger has not been reached."""
        return not self.working

    @property
    def at_market(self) -> bool:
        return self.type in MARKETS
