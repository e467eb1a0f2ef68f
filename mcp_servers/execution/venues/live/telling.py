"""The venue's telling of an account over REST: orders, trades, money moves, balances, positions, as facts to compare.

Every amount is read from the string the exchange sent. Spot and USD-M wallets are added up by asset, so a transfer between
the two is nothing that happened.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from mcp_servers.execution.venues.live.asking import listed
from openoutcry.errors import BadInput, VenueUnknown
from openoutcry.reconcile.facts import ZERO, AccountFacts, FillFact, MoneyMove, MoveKind, OrderFact
from openoutcry.types.amounts import parse_amount
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis

PAGE = 1000
MOST_PAGES = 100
FINAL = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH", "FINISHED", "TRIGGERED"})
WITHIN = frozenset({"REALIZED_PNL", "COMMISSION", "TRANSFER"})
"""Income that the fills tell already, or that stays within the account."""
INCOMES: Mapping[str, MoveKind] = {"FUNDING_FEE": "funding", "INSURANCE_CLEAR": "liquidation"}
WEIGHTS = {
    "spot": {"openOrders": 6, "allOrders": 20, "myTrades": 20, "account": 20, "order": 4},
    "perp": {"openOrders": 1, "openAlgoOrders": 1, "order": 1, "income": 30},
}
Row = Mapping[str, Any]


class Asks(Protocol):
    """One signed GET of ``kind`` spot or perp; its JSON. Raises VenueUnknown when there is no whole, good answer."""

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any: ...


class Teller:
    """Asks the exchange; remembers which order a trade belongs to, for trades name their order by number alone."""

    def __init__(self, ask: Asks, symbols: Iterable[str]) -> None:
        self._ask, self._symbols = ask, tuple(symbols)
        self._names: dict[tuple[str, str], str] = {}

    async def tell(self, since: Mapping[str, int], since_ms: int) -> AccountFacts:
        """Everything now; trades from number ``since`` of each symbol on, money moves from time ``since_ms`` on."""
        orders = [order for symbol in self._symbols for order in await self.orders(symbol)]
        perp = any(parse_symbol(symbol).settle for symbol in self._symbols)
        moves = await self._moves(since_ms) if perp else []
        # What follows is told together: whatever is traded in between makes all of it outdated.
        fills = [fill for symbol in self._symbols for fill in await self.fills(symbol, since.get(symbol, 0))]
        balances = await self._spot_balances()
        positions = await self._positions() if perp else {}
        for row in listed(await self._get("perp", "balance")) if perp else ():
            asset = _text(row, "asset")
            balances[asset] = balances.get(asset, ZERO) + parse_amount(row["balance"], field="balance")
        return AccountFacts(
            tuple(orders),
            tuple(fills),
            tuple(moves),
            {asset: amount for asset, amount in balances.items() if amount},
            positions,
            {symbol: since.get(symbol, 0) for symbol in self._symbols},
        )

    async def outdated(self, there: AccountFacts) -> bool:
        """Whether an account traded since its trades were told: the balances told after them may hold what they do not."""
        newest = dict(there.complete_from)
        for fill in there.fills:
            newest[fill.symbol] = max(newest[fill.symbol], int(fill.trade_id) + 1)
        for symbol, number in newest.items():
            if await self._trades(symbol, number, 1):
                return True
        return False

    async def orders(self, symbol: str) -> list[OrderFact]:
        """The newest orders of a symbol, open ones surely among them."""
        kind, market = _kind(symbol), parse_symbol(symbol).joined
        paths = ["allOrders", "openOrders"] + (["allAlgoOrders", "openAlgoOrders"] if kind == "perp" else [])
        found: dict[str, OrderFact] = {}
        for path in paths:
            limit = {"limit": str(PAGE)} if path.startswith("all") else {}
            for row in listed(await self._get(kind, path, {"symbol": market, **limit})):
                order = _read(row, lambda row: _order(row, symbol))
                self._names[symbol, order.venue_order_id] = order.client_order_id
                if path.startswith("open") or order.client_order_id not in found or order.open:
                    found[order.client_order_id] = order
        return list(found.values())

    async def fills(self, symbol: str, since: int) -> list[FillFact]:
        """Every trade numbered ``since`` or later, oldest first."""
        found: list[FillFact] = []
        for _ in range(MOST_PAGES):
            rows = await self._trades(symbol, since, PAGE)
            for row in rows:
                name = await self._name(symbol, _text(row, "orderId"))
                found.append(_read(row, lambda row, name=name: _fill(row, symbol, name)))
            if len(rows) < PAGE:
                return found
            since = int(found[-1].trade_id) + 1
        raise VenueUnknown(f"{symbol}: more than {MOST_PAGES * PAGE} trades that were not seen")

    async def _trades(self, symbol: str, since: int, limit: int) -> Sequence[Row]:
        kind = _kind(symbol)
        asked = {"symbol": parse_symbol(symbol).joined, "fromId": str(since), "limit": str(limit)}
        return listed(await self._get(kind, "myTrades" if kind == "spot" else "userTrades", asked))

    async def _name(self, symbol: str, order_id: str) -> str:
        known = self._names.get((symbol, order_id))
        if known is None:
            asked = {"symbol": parse_symbol(symbol).joined, "orderId": order_id}
            row = await self._get(_kind(symbol), "order", asked)
            known = self._names[symbol, order_id] = _read(row, lambda row: str(row["clientOrderId"]))
        return known

    async def _spot_balances(self) -> dict[str, Any]:
        def read(row: Row) -> dict[str, Any]:
            return {
                str(one["asset"]): parse_amount(one["free"], field="free") + parse_amount(one["locked"], field="locked")
                for one in row["balances"]
            }  # fmt: skip

        found: dict[str, Any] = _read(await self._get("spot", "account"), read)
        return found

    async def _positions(self) -> dict[str, Any]:
        wanted = {parse_symbol(s).joined: s for s in self._symbols if parse_symbol(s).settle}
        rows = listed(await self._get("perp", "positionRisk"))
        found = {
            str(row.get("symbol")): _read(row, lambda row: parse_amount(row["positionAmt"])) for row in rows
        }
        return {wanted.get(name, name): amount for name, amount in found.items() if amount}

    async def _moves(self, since_ms: int) -> list[MoneyMove]:
        rows = listed(await self._get("perp", "income", {"startTime": str(since_ms), "limit": str(PAGE)}))
        if len(rows) >= PAGE:
            raise VenueUnknown("more money moves than one answer holds")
        return [_read(row, _move) for row in rows if row.get("incomeType") not in WITHIN]

    async def _get(self, kind: str, path: str, params: Mapping[str, str] | None = None) -> Any:
        return await self._ask(kind, path, params or {}, weight=WEIGHTS[kind].get(path, 5))


def _kind(symbol: str) -> str:
    return parse_symbol(symbol).kind


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None or isinstance(value, bool):
        raise VenueUnknown(f"an answer without {name}")
    return str(value)


def _read(row: Any, read: Any) -> Any:
    """Read one row. Raises VenueUnknown saying what could not be read."""
    try:
        return read(row)
    except (LookupError, TypeError, AttributeError, ValueError, BadInput, OverflowError) as error:
        raise VenueUnknown(f"an answer that cannot be read: {error!r}"[:200]) from error


def _order(row: Row, symbol: str) -> OrderFact:
    algo = "clientAlgoId" in row
    return OrderFact(
        client_order_id=str(row["clientAlgoId" if algo else "clientOrderId"]),
        venue_order_id=str(int(row["algoId" if algo else "orderId"])),
        symbol=symbol,
        side="BUY" if row["side"] == "BUY" else "SELL",
        quantity=parse_amount(row["quantity" if algo else "origQty"]),
        executed=ZERO if algo else parse_amount(row["executedQty"]),
        open=str(row["algoStatus" if algo else "status"]) not in FINAL,
    )


def _fill(row: Row, symbol: str, name: str) -> FillFact:
    buyer = row["isBuyer"] if "isBuyer" in row else row["buyer"]
    return FillFact(
        symbol=symbol,
        trade_id=str(int(row["id"])),
        client_order_id=name,
        venue_order_id=str(row["orderId"]),
        side="BUY" if buyer else "SELL",
        price=parse_amount(row["price"]),
        quantity=parse_amount(row["qty"]),
        quote=parse_amount(row["quoteQty"]),
        fees=((str(row["commissionAsset"]), parse_amount(row["commission"])),),
        executed_at=from_millis(int(row["time"])),
        realized=parse_amount(row.get("realizedPnl") or "0"),
    )


def _move(row: Row) -> MoneyMove:
    kind = str(row["incomeType"])
    return MoneyMove(
        move_id=f"{kind}:{row['tranId']}:{row.get('symbol') or ''}",
        kind=INCOMES.get(kind, "other"),
        asset=str(row["asset"]),
        amount=parse_amount(row["income"]),
    )
