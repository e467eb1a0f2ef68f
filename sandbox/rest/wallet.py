"""What clients ask outside of trading: wallets, key permissions, markets this exchange does not have, listen keys."""

import secrets

from sandbox.call import Call, Table
from sandbox.exchange import Exchange
from sandbox.perp_settling import SETTLE
from sandbox.placing import amount
from sandbox.refusal import Refusal
from sandbox.units import plain, trimmed

LISTEN_KEY_MS = 60 * 60_000
WEEK_MS = 7 * 86_400_000
TO_PERP, FROM_PERP = "MAIN_UMFUTURE", "UMFUTURE_MAIN"
OF_ISOLATED = "fromSymbol toSymbol"
"""Read of every transfer, of use to none that is offered."""


def nothing(exchange: Exchange, call: Call) -> object:
    """A list that is empty here: no margin pairs."""
    return []


def no_symbols(exchange: Exchange, call: Call) -> object:
    """Coin-margined futures are not offered."""
    return {"timezone": "UTC", "serverTime": call.now, "rateLimits": [], "exchangeFilters": [], "symbols": []}


def coins(exchange: Exchange, call: Call) -> object:
    assets = sorted(
        {
            asset
            for market in exchange.spot.markets.values()
            for asset in (market.symbol.base, market.symbol.quote)
        }
    )
    return [
        {
            "coin": asset, "name": asset, "depositAllEnable": False, "withdrawAllEnable": False, "trading": True,
            "isLegalMoney": False, "free": plain(exchange.ledger.free[call.account.name, asset]),
            "locked": plain(exchange.ledger.locked[call.account.name, asset]), "freeze": "0", "withdrawing": "0",
            "ipoing": "0", "ipoable": "0", "storage": "0", "networkList": [],
        }
        for asset in assets
    ]  # fmt: skip


def restrictions(exchange: Exchange, call: Call) -> object:
    """What a key may do: a bot checks here that it cannot withdraw."""
    user = call.account
    return {
        "ipRestrict": False, "createTime": 0, "enableReading": True, "enableWithdrawals": user.withdrawals,
        "enableInternalTransfer": False, "enableMargin": False, "enableFutures": "FUTURES" in user.permissions,
        "permitsUniversalTransfer": True, "enableVanillaOptions": False, "enablePortfolioMarginTrading": False,
        "enableSpotAndMarginTrading": "SPOT" in user.permissions,
    }  # fmt: skip


def transfer(exchange: Exchange, call: Call) -> object:
    """Between the wallets of spot and of USD-M perpetuals."""
    to_perp = kind_of(call) == TO_PERP
    asset, units = call.text("asset"), amount(call.params, "amount", required=True)
    if asset != SETTLE:
        raise Refusal(-5012, f"{asset} is not held in the futures wallet of this exchange.")
    return {"tranId": exchange.transfer(call.account, asset, units, to_perp=to_perp)}


def transfers(exchange: Exchange, call: Call) -> object:
    """Those of one kind, newest first, of the last seven days unless asked otherwise."""
    kind, user = kind_of(call), call.account
    wallets = (user.name, user.perp) if kind == TO_PERP else (user.perp, user.name)
    start = call.integer("startTime", call.now - WEEK_MS) or 0
    end = call.integer("endTime", call.now) or 0
    found = [
        {
            "asset": entry.asset, "amount": trimmed(entry.units), "type": kind, "status": "CONFIRMED",
            "tranId": entry.number, "timestamp": entry.time_ms,
        }
        for entry in reversed(exchange.ledger.entries)
        if (entry.source, entry.target) == wallets and start <= entry.time_ms <= end
    ]  # fmt: skip
    size, page = call.integer("size", 10, low=1, high=100) or 10, call.integer("current", 1, low=1) or 1
    return {"total": len(found), "rows": found[(page - 1) * size : page * size]}


def kind_of(call: Call) -> str:
    kind = call.text("type")
    if kind not in (TO_PERP, FROM_PERP):
        raise Refusal(-5012, f"Transfers here are {TO_PERP} and {FROM_PERP}, not {kind[:40]}.")
    return kind


def trade_fees(exchange: Exchange, call: Call) -> object:
    user = call.account
    wanted = call.params.get("symbol")
    names = [exchange.spot.market(wanted).symbol.name] if wanted else list(exchange.spot.markets)
    maker, taker = plain(user.spot_maker_ppm * 100), plain(user.spot_taker_ppm * 100)
    return [{"symbol": name, "makerCommission": maker, "takerCommission": taker} for name in names]


def system_status(exchange: Exchange, call: Call) -> object:
    return {"status": 0, "msg": "normal"}


def open_listen_key(exchange: Exchange, call: Call) -> object:
    user = call.account
    if not user.listen_key or user.listen_key_until_ms < call.now:
        user.listen_key = secrets.token_urlsafe(48)
    user.listen_key_until_ms = call.now + LISTEN_KEY_MS
    return {"listenKey": user.listen_key}


def keep_listen_key(exchange: Exchange, call: Call) -> object:
    user = call.account
    if not user.listen_key or user.listen_key_until_ms < call.now:
        raise Refusal(-1125, "This listenKey does not exist.")
    user.listen_key_until_ms = call.now + LISTEN_KEY_MS
    return {"listenKey": user.listen_key}


def close_listen_key(exchange: Exchange, call: Call) -> object:
    call.account.listen_key = ""
    return {}


TABLE = Table("spot")
TABLE.add("GET /sapi/v1/system/status", system_status)
TABLE.add("GET /sapi/v1/margin/allPairs", nothing, "symbol", 1, "key")
TABLE.add("GET /sapi/v1/margin/isolated/allPairs", nothing, "symbol", 10, "signed")
TABLE.add("GET /sapi/v1/capital/config/getall", coins, "", 10, "signed")
TABLE.add("GET /sapi/v1/account/apiRestrictions", restrictions, "", 1, "signed")
TABLE.add("POST /sapi/v1/asset/transfer", transfer, "type asset amount " + OF_ISOLATED, 1, "signed")
TABLE.add(
    "GET /sapi/v1/asset/transfer",
    transfers,
    "type startTime endTime current size " + OF_ISOLATED,
    1,
    "signed",
)
TABLE.add("GET /sapi/v1/asset/tradeFee", trade_fees, "symbol", 1, "signed")
TABLE.add("GET /dapi/v1/exchangeInfo", no_symbols)
TABLE.add("GET /eapi/v1/exchangeInfo", no_symbols)

KEYS = Table("perp")
for verb, handler in (("POST", open_listen_key), ("PUT", keep_listen_key), ("DELETE", close_listen_key)):
    KEYS.add(f"{verb} /fapi/v1/listenKey", handler, "listenKey", 1, "key")
