"""What a venue asks of the side that moves money: spot and perpetuals answer differently."""

from dataclasses import dataclass
from typing import Protocol

from sandbox.accounts import Account
from sandbox.book import Take
from sandbox.orders import Order
from sandbox.symbols import Symbol


@dataclass(frozen=True)
class Charge:
    """What a fill cost besides its price: the fee, and on perpetuals the profit it realised."""

    fee: int
    fee_asset: str
    pnl: int = 0


class Settlement(Protocol):
    """Money of one venue. ``reserve`` raises the Refusal of an account that cannot pay."""

    def reserve(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> None: ...

    def payable(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> bool: ...

    def room(self, order: Order) -> int:
        """The most that an order may still trade."""
        ...

    def settle(
        self,
        account: Account,
        symbol: Symbol,
        order: Order,
        price: int,
        quantity: int,
        *,
        maker: bool,
        at: int,
    ) -> Charge: ...

    def release(self, order: Order) -> None: ...

    def release_part(self, order: Order, quantity: int) -> None:
        """Free what an order that is about to be made smaller no longer needs."""
        ...
