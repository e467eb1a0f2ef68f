"""Spot's public data."""

from sandbox.call import Call, Table
from sandbox.exchange import Exchange
from sandbox.limits import ORDERS_10S, WEIGHT
from sandbox.path import Bar
from sandbox.refusal import Refusal
from sandbox.symbols import DISTANCE_PPM, Symbol
from sandbox.tape import AVERAGE_MINUTES, INTERVALS, MINUTE_MS, Print
from sandbox.units import notional, plain, trimmed
from sandbox.venue import Market, Venue

DAY_MS = 86_400_000
ORDER_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]


def ping(exchange: Exchange, call: Call) -> object:
    return {}


def time(exchange: Exchange, call: Call) -> object:
    return {"serverTime": call.now}


def exchange_info(exchange: Exchange, call: Call) -> object:
    wanted = call.params.get("symbol")
    chosen = [exchange.spot.market(wanted)] if wanted else list(exchange.spot.markets.values())
    return {
        "timezone": "UTC",
        "serverTime": call.now,
        "rateLimits": rate_limits("spot"),
        "exchangeFilters": [],
        "symbols": [spot_symbol(market.symbol) for market in chosen],
    }


def rate_limits(venue: str) -> list[dict[str, object]]:
    return [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT[venue]},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_10S[venue]},
    ]


def orders_used(exchange: Exchange, call: Call) -> object:
    """How many new orders the account has sent in the window that runs, and may."""
    return [{**order_limit(call, "spot"), "count": call.limits.ordered(call.account.name, "spot", call.now)}]


def order_limit(call: Call, venue: str) -> dict[str, object]:
    """The limit on an account's new orders, as it holds now."""
    return {**rate_limits(venue)[1], "limit": call.limits.orders[venue]}


def spot_symbol(symbol: Symbol) -> dict[str, object]:
    return {
        "symbol": symbol.name, "status": symbol.status, "baseAsset": symbol.base, "baseAssetPrecision": 8,
        "quoteAsset": symbol.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8, "orderTypes": ORDER_TYPES, "icebergAllowed": False, "ocoAllowed": True,
        "otoAllowed": False, "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": False, "cancelReplaceAllowed": True,
        "amendAllowed": True, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False, "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]], "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
        "filters": spot_filters(symbol),
    }  # fmt: skip


def spot_filters(symbol: Symbol) -> list[dict[str, object]]:
    tick, low, high = plain(symbol.tick), plain(symbol.min_quantity), plain(symbol.max_quantity)
    lowest, highest = (trimmed(ppm * 100) for ppm in DISTANCE_PPM["spot"])
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": low, "maxQty": high, "stepSize": plain(symbol.step)},
        {
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": highest, "bidMultiplierDown": lowest,
            "askMultiplierUp": highest, "askMultiplierDown": lowest, "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "NOTIONAL", "minNotional": plain(symbol.min_notional), "applyMinToMarket": True,
            "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": symbol.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": symbol.max_algo_orders},
    ]  # fmt: skip


def depth(venue: Venue, call: Call) -> dict[str, object]:
    market = venue.market(call.text("symbol"))
    limit = call.limit(100, 5_000)
    return {
        "lastUpdateId": market.book.update_id,
        "bids": [[plain(price), plain(size)] for price, size in market.book.ranked("BUY", limit)],
        "asks": [[plain(price), plain(size)] for price, size in market.book.ranked("SELL", limit)],
    }


def spot_depth(exchange: Exchange, call: Call) -> object:
    return depth(exchange.spot, call)


def klines(venue: Venue, call: Call, most: int) -> list[list[object]]:
    market, interval = venue.market(call.text("symbol")), call.interval()
    bars = market.tape.bars(
        interval, call.integer("startTime"), call.integer("endTime"), call.limit(500, most), call.now
    )
    span = INTERVALS[interval] * MINUTE_MS
    return [kline(bar, span) for bar in bars]


def kline(bar: Bar, span: int) -> list[object]:
    quote = notional(bar.close, bar.volume)
    return [
        bar.start_ms, plain(bar.open), plain(bar.high), plain(bar.low), plain(bar.close), plain(bar.volume),
        bar.start_ms + span - 1, plain(quote), max(1, bar.volume // 10**7), plain(bar.volume // 2), plain(quote // 2), "0",
    ]  # fmt: skip


def spot_klines(exchange: Exchange, call: Call) -> object:
    return klines(exchange.spot, call, 1_000)


def average_price(exchange: Exchange, call: Call) -> object:
    mean = exchange.spot.average(exchange.spot.market(call.text("symbol")), call.now)
    return {"mins": AVERAGE_MINUTES, "price": plain(mean), "closeTime": call.now}


def trades(venue: Venue, call: Call) -> list[dict[str, object]]:
    found = list(venue.market(call.text("symbol")).tape.prints)[-call.limit(500, 1_000) :]
    return [
        {
            "id": one.id, "price": plain(one.price), "qty": plain(one.quantity), "quoteQty": plain(one.quote),
            "time": one.time_ms, "isBuyerMaker": one.buyer_maker, "isBestMatch": True,
        }
        for one in found
    ]  # fmt: skip


def spot_trades(exchange: Exchange, call: Call) -> object:
    return trades(exchange.spot, call)


def aggregate(one: Print) -> dict[str, object]:
    return {
        "a": one.id, "p": plain(one.price), "q": plain(one.quantity), "f": one.id, "l": one.id, "T": one.time_ms,
        "m": one.buyer_maker, "M": True,
    }  # fmt: skip


def aggregates(venue: Venue, call: Call) -> list[dict[str, object]]:
    start, end, first = call.integer("startTime", 0), call.integer("endTime"), call.integer("fromId")
    limit = call.limit(500, 1_000)
    found = [
        one for one in venue.market(call.text("symbol")).tape.prints
        if one.time_ms >= (start or 0) and (end is None or one.time_ms <= end) and (first is None or one.id >= first)
    ]  # fmt: skip
    return [aggregate(one) for one in (found[:limit] if start or first is not None else found[-limit:])]


def spot_aggregates(exchange: Exchange, call: Call) -> object:
    return aggregates(exchange.spot, call)


def ticker(market: Market, now: int) -> dict[str, object]:
    """The rolling day, to the minute."""
    bars = market.tape.bars("1m", None, None, 1, now)
    day = market.tape.bars("1h", now - DAY_MS, None, 25, now)
    if not day or not bars:
        raise Refusal(-1121, "Invalid symbol.")
    first, last = day[0].open, bars[-1].close
    bid, ask = market.book.ranked("BUY", 1), market.book.ranked("SELL", 1)
    volume = sum(bar.volume for bar in day)
    change = last - first
    trade = market.tape.prints[-1] if market.tape.prints else None
    return {
        "symbol": market.symbol.name, "priceChange": plain(change), "priceChangePercent": plain(change * 10**10 // first, 3),
        "weightedAvgPrice": plain((first + last) // 2), "prevClosePrice": plain(first), "lastPrice": plain(last),
        "lastQty": plain(trade.quantity if trade else 0), "bidPrice": plain(bid[0][0] if bid else 0),
        "bidQty": plain(bid[0][1] if bid else 0), "askPrice": plain(ask[0][0] if ask else 0),
        "askQty": plain(ask[0][1] if ask else 0), "openPrice": plain(first),
        "highPrice": plain(max(bar.high for bar in day)), "lowPrice": plain(min(bar.low for bar in day)),
        "volume": plain(volume), "quoteVolume": plain(notional(last, volume)), "openTime": now - DAY_MS, "closeTime": now,
        "firstId": 1, "lastId": market.tape.count, "count": market.tape.count,
    }  # fmt: skip


def chosen(venue: Venue, call: Call) -> tuple[list[Market], bool]:
    """The market asked for, several of them, or all; and whether the answer is a list."""
    if "symbol" in call.params:
        return [venue.market(call.params["symbol"])], False
    if "symbols" in call.params:
        names = [name.strip().strip('"') for name in call.params["symbols"].strip("[]").split(",")]
        return [venue.market(name) for name in names], True
    return list(venue.markets.values()), True


def answered(rows: list[dict[str, object]], many: bool) -> object:
    return rows if many else rows[0]


def spot_ticker(exchange: Exchange, call: Call) -> object:
    markets, many = chosen(exchange.spot, call)
    return answered([ticker(market, call.now) for market in markets], many)


def prices(venue: Venue, call: Call) -> object:
    markets, many = chosen(venue, call)
    return answered(
        [
            {"symbol": one.symbol.name, "price": plain(venue.reference(one)), "time": call.now}
            for one in markets
        ],
        many,
    )


def spot_prices(exchange: Exchange, call: Call) -> object:
    return prices(exchange.spot, call)


def best(market: Market) -> dict[str, object]:
    bid, ask = market.book.ranked("BUY", 1), market.book.ranked("SELL", 1)
    return {
        "symbol": market.symbol.name, "bidPrice": plain(bid[0][0]), "bidQty": plain(bid[0][1]),
        "askPrice": plain(ask[0][0]), "askQty": plain(ask[0][1]),
    }  # fmt: skip


def spot_best(exchange: Exchange, call: Call) -> object:
    markets, many = chosen(exchange.spot, call)
    return answered([best(market) for market in markets], many)


TABLE = Table("spot")
TABLE.add("GET /api/v3/rateLimit/order", orders_used, "", 40, "signed", api="account.rateLimits.orders")
TABLE.add("GET /api/v3/ping", ping, api="ping")
TABLE.add("GET /api/v3/time", time, api="time")
TABLE.add(
    "GET /api/v3/exchangeInfo",
    exchange_info,
    "symbol symbols permissions showPermissionSets symbolStatus",
    20,
    api="exchangeInfo",
)
TABLE.add("GET /api/v3/depth", spot_depth, "symbol limit", 5, api="depth")
TABLE.add(
    "GET /api/v3/klines", spot_klines, "symbol interval startTime endTime limit timeZone", 2, api="klines"
)
TABLE.add(
    "GET /api/v3/uiKlines", spot_klines, "symbol interval startTime endTime limit timeZone", 2, api="uiKlines"
)
TABLE.add("GET /api/v3/trades", spot_trades, "symbol limit", 25, api="trades.recent")
TABLE.add(
    "GET /api/v3/historicalTrades", spot_trades, "symbol limit fromId", 25, "key", api="trades.historical"
)
TABLE.add(
    "GET /api/v3/aggTrades",
    spot_aggregates,
    "symbol limit fromId startTime endTime",
    4,
    api="trades.aggregate",
)
TABLE.add("GET /api/v3/avgPrice", average_price, "symbol", 2, api="avgPrice")
TABLE.add("GET /api/v3/ticker/24hr", spot_ticker, "symbol symbols type", 2, api="ticker.24hr")
TABLE.add("GET /api/v3/ticker/price", spot_prices, "symbol symbols", 2, api="ticker.price")
TABLE.add("GET /api/v3/ticker/bookTicker", spot_best, "symbol symbols", 2, api="ticker.book")
