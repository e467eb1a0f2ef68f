"""USD-M futures' public data."""

from sandbox.call import Call, Table
from sandbox.exchange import FUNDING_MS, Exchange
from sandbox.rest.spot_market import (
    aggregates,
    answered,
    best,
    chosen,
    depth,
    klines,
    order_limit,
    ping,
    prices,
    rate_limits,
    ticker,
    time,
    trades,
)  # fmt: skip
from sandbox.symbols import DISTANCE_PPM, Symbol
from sandbox.units import plain

ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]
ONBOARD_MS = 1_569_398_400_000
NEVER_MS = 4_133_404_800_000


def exchange_info(exchange: Exchange, call: Call) -> object:
    assets = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}]
    symbols = [perp_symbol(market.symbol) for market in exchange.perp.markets.values()]
    return {
        "timezone": "UTC", "serverTime": call.now, "futuresType": "U_MARGINED", "rateLimits": rate_limits("perp"),
        "exchangeFilters": [], "assets": assets, "symbols": symbols,
    }  # fmt: skip


def orders_allowed(exchange: Exchange, call: Call) -> object:
    """How many new orders the account may send. How many it has, perpetuals tell in the header of an order's answer alone."""
    return [order_limit(call, "perp")]


def perp_symbol(symbol: Symbol) -> dict[str, object]:
    lot = {
        "minQty": plain(symbol.min_quantity),
        "maxQty": plain(symbol.max_quantity),
        "stepSize": plain(symbol.step),
    }
    lowest, highest = (plain(ppm * 100, 4) for ppm in DISTANCE_PPM["perp"])
    return {
        "symbol": symbol.name, "pair": symbol.name, "contractType": "PERPETUAL", "deliveryDate": NEVER_MS,
        "onboardDate": ONBOARD_MS, "status": symbol.status, "maintMarginPercent": "0.4000", "requiredMarginPercent": "5.0000",
        "baseAsset": symbol.base, "quoteAsset": symbol.quote, "marginAsset": "USDT",
        "pricePrecision": symbol.price_decimals, "quantityPrecision": symbol.quantity_decimals, "baseAssetPrecision": 8,
        "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": ["PoW"], "triggerProtect": "0.0500",
        "liquidationFee": "0.005000", "marketTakeBound": "0.05", "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": plain(symbol.tick), "maxPrice": "1000000", "tickSize": plain(symbol.tick)},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **lot},
            {"filterType": "MAX_NUM_ORDERS", "limit": symbol.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": symbol.max_algo_orders * 2},
            {"filterType": "MIN_NOTIONAL", "notional": plain(symbol.min_notional)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": highest, "multiplierDown": lowest, "multiplierDecimal": "4"},
        ],
        "orderTypes": ORDER_TYPES, "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def perp_depth(exchange: Exchange, call: Call) -> object:
    return {**depth(exchange.perp, call), "E": call.now, "T": call.now}


def perp_klines(exchange: Exchange, call: Call) -> object:
    return klines(exchange.perp, call, 1_500)


def pair_klines(exchange: Exchange, call: Call) -> object:
    """Index prices go by ``pair``, which has the symbol's name."""
    return klines(exchange.perp, Call({**call.params, "symbol": call.text("pair")}, call.now), 1_500)


def perp_trades(exchange: Exchange, call: Call) -> object:
    return trades(exchange.perp, call)


def perp_aggregates(exchange: Exchange, call: Call) -> object:
    return aggregates(exchange.perp, call)


def perp_ticker(exchange: Exchange, call: Call) -> object:
    markets, many = chosen(exchange.perp, call)
    return answered([ticker(market, call.now) for market in markets], many)


def perp_prices(exchange: Exchange, call: Call) -> object:
    return prices(exchange.perp, call)


def perp_best(exchange: Exchange, call: Call) -> object:
    markets, many = chosen(exchange.perp, call)
    return answered([{**best(market), "time": call.now} for market in markets], many)


def premium(exchange: Exchange, call: Call) -> object:
    """The mark price and the funding to come."""
    markets, many = chosen(exchange.perp, call)
    return answered([mark_row(exchange, market.symbol.name, call.now) for market in markets], many)


def mark_row(exchange: Exchange, name: str, now: int) -> dict[str, object]:
    mark = plain(exchange.mark(name))
    return {
        "symbol": name, "markPrice": mark, "indexPrice": mark, "estimatedSettlePrice": mark,
        "lastFundingRate": plain(exchange.funding_ppm[name] * 100), "interestRate": "0.00010000",
        "nextFundingTime": exchange.next_funding_ms, "time": now,
    }  # fmt: skip


def funding_rates(exchange: Exchange, call: Call) -> object:
    symbol, start, end = call.params.get("symbol"), call.integer("startTime", 0), call.integer("endTime")
    if symbol is not None:
        exchange.perp.market(symbol)
    rows = [
        {"symbol": name, "fundingTime": at, "fundingRate": plain(ppm * 100), "markPrice": plain(mark)}
        for name, at, ppm, mark in exchange.funding_history
        if symbol in (None, name) and at >= (start or 0) and (end is None or at <= end)
    ]
    return rows[-call.limit(100, 1_000) :]


def funding_info(exchange: Exchange, call: Call) -> object:
    hours = FUNDING_MS // 3_600_000
    return [
        {
            "symbol": name,
            "adjustedFundingRateCap": "0.02",
            "adjustedFundingRateFloor": "-0.02",
            "fundingIntervalHours": hours,
        }
        for name in exchange.perp.markets
    ]


def open_interest(exchange: Exchange, call: Call) -> object:
    name = exchange.perp.market(call.text("symbol")).symbol.name
    held = sum(abs(one.amount) for (_, symbol), one in exchange.margin.positions.items() if symbol == name)
    return {"symbol": name, "openInterest": plain(held), "time": call.now}


BARS = "interval startTime endTime limit"
TABLE = Table("perp")
TABLE.add("GET /fapi/v1/rateLimit/order", orders_allowed, "", 1, "signed")
TABLE.add("GET /fapi/v1/ping", ping)
TABLE.add("GET /fapi/v1/time", time)
TABLE.add("GET /fapi/v1/exchangeInfo", exchange_info)
TABLE.add("GET /fapi/v1/depth", perp_depth, "symbol limit", 5, api="depth")
TABLE.add("GET /fapi/v1/klines", perp_klines, "symbol " + BARS, 5)
TABLE.add("GET /fapi/v1/continuousKlines", pair_klines, "pair contractType " + BARS, 5)
TABLE.add("GET /fapi/v1/markPriceKlines", perp_klines, "symbol " + BARS, 5)
TABLE.add("GET /fapi/v1/indexPriceKlines", pair_klines, "pair " + BARS, 5)
TABLE.add("GET /fapi/v1/trades", perp_trades, "symbol limit", 5)
TABLE.add("GET /fapi/v1/historicalTrades", perp_trades, "symbol limit fromId", 20, "key")
TABLE.add("GET /fapi/v1/aggTrades", perp_aggregates, "symbol limit fromId startTime endTime", 20)
TABLE.add("GET /fapi/v1/ticker/price", perp_prices, "symbol", 1, api="ticker.price")
TABLE.add("GET /fapi/v2/ticker/price", perp_prices, "symbol", 1, api="v2/ticker.price")
TABLE.add("GET /fapi/v1/ticker/24hr", perp_ticker, "symbol", 1)
TABLE.add("GET /fapi/v1/ticker/bookTicker", perp_best, "symbol", 2, api="ticker.book")
TABLE.add("GET /fapi/v1/premiumIndex", premium, "symbol", 1)
TABLE.add("GET /fapi/v1/fundingRate", funding_rates, "symbol startTime endTime limit", 1)
TABLE.add("GET /fapi/v1/fundingInfo", funding_info, "", 1)
TABLE.add("GET /fapi/v1/openInterest", open_interest, "symbol", 1)
