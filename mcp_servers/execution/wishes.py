"""What a caller outside a round wants, spelled in arguments."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.toolkit import blaming_arguments
from openoutcry.types.amounts import parse_amount
from openoutcry.types.commands import PlaceOrder
from openoutcry.types.orders import OrderType, Side, TimeInForce
from openoutcry.types.symbols import canonical

SideArg = Annotated[Literal["BUY", "SELL"], Field(description="Which way")]
QuantityArg = Annotated[str, Field(description='Quantity in the base asset, e.g. "0.1"', max_length=40)]
PriceArg = Annotated[str, Field(description='Price in the quote asset, e.g. "60000.5"', max_length=40)]
OptionalPriceArg = Annotated[str | None, Field(description="Price in the quote asset", max_length=40)]
StopLossArg = Annotated[
    str | None,
    Field(
        description="Price at which what it fills is closed at a loss; default the floor's own distance",
        max_length=40,
        examples=["58000"],
    ),
]
TakeProfitArg = Annotated[
    str | None,
    Field(
        description="Price at which what it fills is closed at a profit", max_length=40, examples=["65000"]
    ),
]
TrailArg = Annotated[
    float | None,
    Field(description="The stop follows the price at this fraction of it", ge=0.001, le=0.5, examples=[0.02]),
]
SessionArg = Annotated[
    str | None, Field(description="Trading session; may be left out while exactly one runs", max_length=40)
]
TimeInForceArg = Annotated[TimeInForce, Field(description="GTC rests; IOC and FOK fill at once or end")]
TypeArg = Annotated[OrderType, Field(description="LIMIT types need price, STOP and TAKE types stop_price")]


def wish(
    symbol: str,
    side: Side,
    kind: OrderType,
    quantity: str,
    *,
    price: str | None = None,
    stop_price: str | None = None,
    time_in_force: TimeInForce = "GTC",
    session_id: str | None = None,
    stop_loss: str | None = None,
    take_profit: str | None = None,
    trailing_stop: float | None = None,
) -> PlaceOrder:
    """The command for it. Raises BadInput naming the argument."""
    with blaming_arguments():
        return PlaceOrder(
            session_id=session_id,
            symbol=canonical(symbol),
            side=side,
            type=kind,
            quantity=parse_amount(quantity, field="quantity"),
            price=None if price is None else parse_amount(price, field="price"),
            stop_price=None if stop_price is None else parse_amount(stop_price, field="stop_price"),
            time_in_force=time_in_force,
            stop_loss=None if stop_loss is None else parse_amount(stop_loss, field="stop_loss"),
            take_profit=None if take_profit is None else parse_amount(take_profit, field="take_profit"),
            trailing_stop=trailing_stop,
        )
