"""A random account that both sides have alike, and things planted on the venue's side alone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from openoutcry.reconcile.books import Books, of_move
from openoutcry.reconcile.facts import AccountFacts, FillFact, MoneyMove, OrderFact

SPOT, PERP = "BTC/USDT", "ETH/USDT:USDT"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_fill(random: Random, number: int, name: str, symbol: str = SPOT) -> FillFact:
    price, quantity = Decimal(random.randint(1, 10**7)) / 100, Decimal(random.randint(1, 10**6)) / 100_000
    quote = price * quantity
    asset = random.choice(("BTC", "USDT", "BNB")) if symbol == SPOT else "USDT"
    return FillFact(
        symbol=symbol,
        trade_id=str(number),
        client_order_id=name,
        venue_order_id=str(number // 3),
        side=random.choice(("BUY", "SELL")),
        price=price,
        quantity=quantity,
        quote=quote,
        fees=((asset, Decimal(random.randint(0, 10**5)) / 10**8),),
        executed_at=AT,
        realized=Decimal(0) if symbol == SPOT else Decimal(random.randint(-(10**9), 10**9)) / 10**8,
    )


@dataclass
class Account:
    """Facts, kept consistent: balances and positions are the sum of fills and moves."""

    orders: list[OrderFact]
    fills: list[FillFact]
    moves: list[MoneyMove]

    def facts(self) -> AccountFacts:
        books = Books()
        for fill in self.fills:
            books.fill(fill)
        for move in self.moves:
            books.post(of_move(move))
        return AccountFacts(
            orders=tuple(self.orders),
            fills=tuple(self.fills),
            moves=tuple(self.moves),
            balances=books.balances(),
            positions=books.positions(),
            complete_from={SPOT: 0, PERP: 0},
        )

    def copy(self) -> "Account":
        return Account(list(self.orders), list(self.fills), list(self.moves))


def an_account(seed: int, fills: int) -> Account:
    """Orders named as ours with fills on spot and perpetual, and a deposit."""
    random = Random(seed)
    account = Account([], [], [MoneyMove("d1", "deposit", "USDT", Decimal(100_000))])
    for number in range(fills):
        symbol = random.choice((SPOT, PERP))
        name = f"oo-{number:026d}"
        fill = a_fill(random, number, name, symbol)
        account.fills.append(fill)
        account.orders.append(
            OrderFact(name, fill.venue_order_id, symbol, fill.side, fill.quantity * 2, fill.quantity, open=number % 2 == 0)
        )  # fmt: skip
    return account


PLANTS = (
    "missing_fill", "unknown_fill", "liquidation", "busted_fill", "changed_fill", "order_moved", "vanished_order",
    "unknown_order",
    "restored_backup", "missing_move", "balance_differs", "position_differs",
)  # fmt: skip


def plant(account: Account, kind: str, number: int, random: Random) -> str:
    """Change the venue's side; the subject that must be found. What facts() derives is handled by the caller."""
    untouched = [one for one in account.fills if one.trade_id.isdigit() and int(one.trade_id) < 10**6]
    orders = [one for one in account.orders if one.client_order_id < f"oo-{10**6:026d}"]
    match kind:
        case "missing_fill":
            name = random.choice([one.client_order_id for one in orders])
            account.fills.append(a_fill(random, number, name, random.choice((SPOT, PERP))))
            return str(number)
        case "unknown_fill" | "liquidation":
            name = "someone" if kind == "unknown_fill" else "autoclose-1"
            account.fills.append(a_fill(random, number, name, random.choice((SPOT, PERP))))
            return str(number)
        case "busted_fill":
            gone = random.choice(untouched)
            account.fills.remove(gone)
            return gone.trade_id
        case "changed_fill":
            old = random.choice(untouched)
            new = replace(old, trade_id=old.trade_id, price=old.price + 1, quote=old.quote + old.quantity)
            account.fills[account.fills.index(old)] = new
            return old.trade_id
        case "order_moved":
            order = random.choice(orders)
            account.orders[account.orders.index(order)] = replace(
                order, executed=order.quantity, open=not order.open
            )
            return order.client_order_id
        case "vanished_order":
            order = random.choice([one for one in orders if one.open])
            account.orders.remove(order)
            return order.client_order_id
        case "unknown_order" | "restored_backup":
            name = f"other-{number}" if kind == "unknown_order" else f"oo-{number:026d}"
            account.orders.append(
                OrderFact(name, str(number), SPOT, "BUY", Decimal(1), Decimal(0), open=True)
            )
            return name
        case "missing_move":
            account.moves.append(MoneyMove(f"m{number}", "withdrawal", "BNB", Decimal(-number)))
            return f"m{number}"
    return {"balance_differs": "USDT", "position_differs": PERP}[kind]
