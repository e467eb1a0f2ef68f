"""USD-M futures' JSON: trimmed decimals, one position a symbol."""

from sandbox.accounts import Account
from sandbox.algos import Algo
from sandbox.exchange import Exchange
from sandbox.orders import Fill, Order
from sandbox.perp_settling import SETTLE, Position, leverage
from sandbox.units import notional, plain, share, trimmed
from sandbox.venue import Report


def order(one: Order) -> dict[str, object]:
    average = one.quote * 10**8 // one.executed if one.executed else 0
    return {
        "orderId": one.id,
        "symbol": one.symbol,
        "status": one.status,
        "clientOrderId": one.client_id,
        "price": trimmed(one.price),
        "avgPrice": plain(average, 5),
        "origQty": trimmed(one.quantity),
        "executedQty": trimmed(one.executed),
        "cumQty": trimmed(one.executed),
        "cumQuote": trimmed(one.quote),
        "timeInForce": one.tif,
        "type": one.type,
        "reduceOnly": one.reduce_only,
        "closePosition": one.close_position,
        "side": one.side,
        "positionSide": "BOTH",
        "stopPrice": trimmed(one.stop),
        "workingType": one.working_type,
        "priceProtect": False,
        "origType": one.original_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": one.time_ms,
        "updateTime": one.updated_ms,
    }


def algo(one: Algo) -> dict[str, object]:
    ticket = one.ticket
    return {
        "algoId": one.id,
        "clientAlgoId": ticket.client_id,
        "algoType": "CONDITIONAL",
        "orderType": ticket.type,
        "symbol": one.symbol,
        "side": ticket.side,
        "positionSide": "BOTH",
        "timeInForce": ticket.tif,
        "quantity": trimmed(ticket.quantity),
        "algoStatus": one.status,
        "actualOrderId": str(one.order_id) if one.order_id else "",
        "triggerPrice": trimmed(ticket.stop),
        "price": trimmed(ticket.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": ticket.working_type,
        "priceMatch": "NONE",
        "closePosition": ticket.close_position,
        "priceProtect": False,
        "reduceOnly": ticket.reduce_only,
        "createTime": one.time_ms,
        "updateTime": one.updated_ms,
        "triggerTime": one.triggered_ms,
        "goodTillDate": 0,
    }


def trade(fill: Fill) -> dict[str, object]:
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side,
        "price": trimmed(fill.price),
        "qty": trimmed(fill.quantity),
        "realizedPnl": trimmed(fill.pnl),
        "quoteQty": trimmed(fill.quote),
        "commission": trimmed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.time_ms,
        "positionSide": "BOTH",
        "buyer": fill.side == "BUY",
        "maker": fill.maker,
    }


def position(exchange: Exchange, user: Account, symbol: str, one: Position) -> dict[str, object]:
    """One row of ``positionRisk``, with the fields of v2 and v3."""
    mark = exchange.mark(symbol)
    worth = notional(mark, one.amount)
    rate = exchange.perp.market(symbol).symbol.maintenance_ppm
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": trimmed(one.amount),
        "entryPrice": plain(one.entry_price),
        "breakEvenPrice": plain(one.entry_price),
        "markPrice": plain(mark),
        "unRealizedProfit": plain(exchange.margin.unrealized(symbol, one)),
        "liquidationPrice": plain(liquidation_price(exchange, user, one, rate)),
        "isolatedMargin": "0",
        "notional": plain(worth),
        "marginAsset": SETTLE,
        "isolatedWallet": "0",
        "isolated": False,
        "marginType": "cross",
        "leverage": str(leverage(user, symbol)),
        "maxNotionalValue": "100000000",
        "isAutoAddMargin": "false",
        "initialMargin": plain(abs(worth) // leverage(user, symbol)),
        "maintMargin": plain(share(abs(worth), rate)),
        "positionInitialMargin": plain(abs(worth) // leverage(user, symbol)),
        "openOrderInitialMargin": "0",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": one.updated_ms,
    }


def liquidation_price(exchange: Exchange, user: Account, one: Position, rate_ppm: int) -> int:
    """The mark at which the margin balance meets this position's maintenance, other positions standing still; 0 if none."""
    if not one.amount:
        return 0
    cushion = one.cost - exchange.margin.wallet(user)
    weight = one.amount - share(abs(one.amount), rate_ppm)
    price = cushion * 10**8 // weight if weight else 0
    return max(0, price)


def account(exchange: Exchange, user: Account, now: int) -> dict[str, object]:
    """``/fapi/v2|v3/account``."""
    margin = exchange.margin
    wallet, equity = margin.wallet(user), margin.equity(user)
    held = margin.held(user.name)
    maintenance = sum(
        share(
            abs(notional(exchange.mark(name), one.amount)), exchange.perp.market(name).symbol.maintenance_ppm
        )
        for name, one in held
    )
    in_positions, in_orders = margin.position_margin(user), margin.order_margin(user)
    available = plain(max(0, margin.available(user)))
    figures = {
        "initialMargin": plain(in_positions + in_orders),
        "maintMargin": plain(maintenance),
        "walletBalance": plain(wallet),
        "unrealizedProfit": plain(equity - wallet),
        "marginBalance": plain(equity),
        "positionInitialMargin": plain(in_positions),
        "openOrderInitialMargin": plain(in_orders),
        "crossWalletBalance": plain(wallet),
    }
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": user.withdrawals,
        "multiAssetsMargin": False,
        "updateTime": now,
        "totalInitialMargin": figures["initialMargin"],
        "totalMaintMargin": figures["maintMargin"],
        "totalWalletBalance": figures["walletBalance"],
        "totalUnrealizedProfit": figures["unrealizedProfit"],
        "totalMarginBalance": figures["marginBalance"],
        "totalPositionInitialMargin": figures["positionInitialMargin"],
        "totalOpenOrderInitialMargin": figures["openOrderInitialMargin"],
        "totalCrossWalletBalance": figures["crossWalletBalance"],
        "totalCrossUnPnl": figures["unrealizedProfit"],
        "availableBalance": available,
        "maxWithdrawAmount": available,
        "assets": [
            {
                "asset": SETTLE, **figures, "crossUnPnl": figures["unrealizedProfit"], "availableBalance": available,
                "maxWithdrawAmount": available, "marginAvailable": True, "updateTime": now,
            }
        ],
        "positions": [
            {**row, "unrealizedProfit": row["unRealizedProfit"]}
            for row in (position(exchange, user, name, one) for name, one in held)
        ],
    }  # fmt: skip


def balance(exchange: Exchange, user: Account, now: int) -> list[dict[str, object]]:
    wallet, equity = exchange.margin.wallet(user), exchange.margin.equity(user)
    available = plain(max(0, exchange.margin.available(user)))
    return [
        {
            "accountAlias": user.name, "asset": SETTLE, "balance": plain(wallet), "crossWalletBalance": plain(wallet),
            "crossUnPnl": plain(equity - wallet), "availableBalance": available, "maxWithdrawAmount": available,
            "marginAvailable": True, "updateTime": now,
        }
    ]  # fmt: skip


def order_update(report: Report) -> dict[str, object]:
    """A user stream's ``ORDER_TRADE_UPDATE``."""
    one, fill = report.order, report.fill
    average = one.quote * 10**8 // one.executed if one.executed else 0
    return {
        "e": "ORDER_TRADE_UPDATE",
        "E": report.at,
        "T": report.at,
        "o": {
            "s": one.symbol,
            "c": one.client_id,
            "S": one.side,
            "o": one.type,
            "f": one.tif,
            "q": trimmed(one.quantity),
            "p": trimmed(one.price),
            "ap": trimmed(average),
            "sp": trimmed(one.stop),
            "x": report.execution,
            "X": one.status,
            "i": one.id,
            "l": trimmed(fill.quantity if fill else 0),
            "z": trimmed(one.executed),
            "L": trimmed(fill.price if fill else 0),
            "n": trimmed(fill.fee if fill else 0),
            "N": fill.fee_asset if fill else SETTLE,
            "T": report.at,
            "t": fill.id if fill else 0,
            "b": "0",
            "a": "0",
            "m": fill.maker if fill else False,
            "R": one.reduce_only,
            "wt": one.working_type,
            "ot": one.original_type,
            "ps": "BOTH",
            "cp": one.close_position,
            "rp": trimmed(fill.pnl if fill else 0),
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": "EXPIRE_MAKER",
            "pm": "NONE",
            "gtd": 0,
        },
    }


def account_update(
    exchange: Exchange, user: Account, symbols: list[str], reason: str, at: int, *, change: int = 0
) -> dict[str, object]:
    """A user stream's ``ACCOUNT_UPDATE``: the wallet and the positions that changed, ``change`` by what no trade explains."""
    wallet = plain(exchange.margin.wallet(user))
    rows = []
    for symbol in symbols:
        one = exchange.margin.position(user.name, symbol)
        rows.append(
            {
                "s": symbol, "pa": trimmed(one.amount), "ep": trimmed(one.entry_price), "bep": trimmed(one.entry_price),
                "cr": "0", "up": plain(exchange.margin.unrealized(symbol, one)), "mt": "cross", "iw": "0", "ps": "BOTH",
            }
        )  # fmt: skip
    return {
        "e": "ACCOUNT_UPDATE",
        "E": at,
        "T": at,
        "a": {
            "m": reason,
            "B": [{"a": SETTLE, "wb": wallet, "cw": wallet, "bc": trimmed(change)}],
            "P": rows,
        },
    }


def algo_update(one: Algo, at: int) -> dict[str, object]:
    """A user stream's ``ALGO_UPDATE``."""
    ticket = one.ticket
    return {
        "e": "ALGO_UPDATE",
        "E": at,
        "T": at,
        "o": {
            "caid": ticket.client_id, "aid": one.id, "at": "CONDITIONAL", "o": ticket.type, "s": one.symbol,
            "S": ticket.side, "ps": "BOTH", "f": ticket.tif, "q": trimmed(ticket.quantity), "X": one.status,
            "ai": str(one.order_id) if one.order_id else "", "ap": "0", "aq": "0", "act": "0",
            "tp": trimmed(ticket.stop), "p": trimmed(ticket.price), "V": "EXPIRE_MAKER", "wt": ticket.working_type,
            "pm": "NONE", "cp": ticket.close_position, "pP": False, "R": ticket.reduce_only, "tt": one.triggered_ms,
            "gtd": 0, "rm": one.failure,
        },
    }  # fmt: skip
