"""Public stream messages, as Binance words them."""

from sandbox.exchange import Exchange
from sandbox.path import Bar
from sandbox.rest.spot_market import aggregate as aggregated
from sandbox.rest.spot_market import best, ticker
from sandbox.tape import INTERVALS, MINUTE_MS, Print
from sandbox.units import notional, plain
from sandbox.venue import Market

Message = dict[str, object]


def trade(name: str, one: Print) -> Message:
    return {
        "e": "trade", "E": one.time_ms, "s": name, "t": one.id, "p": plain(one.price), "q": plain(one.quantity),
        "T": one.time_ms, "m": one.buyer_maker, "M": True,
    }  # fmt: skip


def aggregate(name: str, one: Print) -> Message:
    return {"e": "aggTrade", "E": one.time_ms, "s": name, **aggregated(one)}


def depth(name: str, change: "Change", at: int, previous: int | None) -> Message:
    """A difference of depth. ``previous`` is the last id of the message before, which futures carry as ``pu``."""
    message: Message = {
        "e": "depthUpdate", "E": at, "T": at, "s": name, "U": change.first, "u": change.last,
        "b": [[plain(price), plain(size)] for price, size in sorted(change.bids.items(), reverse=True)],
        "a": [[plain(price), plain(size)] for price, size in sorted(change.asks.items())],
    }  # fmt: skip
    if previous is not None:
        message["pu"] = previous
    return message


def partial(market: Market, levels: int, at: int, *, perp: bool) -> Message:
    """The best levels of a book."""
    bids = [[plain(price), plain(size)] for price, size in market.book.ranked("BUY", levels)]
    asks = [[plain(price), plain(size)] for price, size in market.book.ranked("SELL", levels)]
    if not perp:
        return {"lastUpdateId": market.book.update_id, "bids": bids, "asks": asks}
    last = market.book.update_id
    return {
        "e": "depthUpdate",
        "E": at,
        "T": at,
        "s": market.symbol.name,
        "U": last,
        "u": last,
        "pu": last,
        "b": bids,
        "a": asks,
    }


def kline(name: str, interval: str, bar: Bar, at: int, *, closed: bool) -> Message:
    span = INTERVALS[interval] * MINUTE_MS
    quote = plain(notional(bar.close, bar.volume))
    return {
        "e": "kline", "E": at, "s": name,
        "k": {
            "t": bar.start_ms, "T": bar.start_ms + span - 1, "s": name, "i": interval, "f": 1, "L": 1, "o": plain(bar.open),
            "c": plain(bar.close), "h": plain(bar.high), "l": plain(bar.low), "v": plain(bar.volume), "n": 1, "x": closed,
            "q": quote, "V": plain(bar.volume // 2), "Q": quote, "B": "0",
        },
    }  # fmt: skip


def book_ticker(market: Market, at: int, *, perp: bool) -> Message:
    row = best(market)
    message: Message = {
        "u": market.book.update_id, "s": market.symbol.name, "b": row["bidPrice"], "B": row["bidQty"],
        "a": row["askPrice"], "A": row["askQty"],
    }  # fmt: skip
    return {"e": "bookTicker", "E": at, "T": at, **message} if perp else message


def day(market: Market, at: int, *, mini: bool) -> Message:
    """The rolling day: ``24hrTicker``, or ``24hrMiniTicker``."""
    row = ticker(market, at)
    message: Message = {
        "e": "24hrMiniTicker" if mini else "24hrTicker", "E": at, "s": market.symbol.name, "c": row["lastPrice"],
        "o": row["openPrice"], "h": row["highPrice"], "l": row["lowPrice"], "v": row["volume"], "q": row["quoteVolume"],
    }  # fmt: skip
    if not mini:
        message |= {
            "p": row["priceChange"], "P": row["priceChangePercent"], "w": row["weightedAvgPrice"], "x": row["prevClosePrice"],
            "Q": row["lastQty"], "b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"],
            "O": row["openTime"], "C": row["closeTime"], "F": row["firstId"], "L": row["lastId"], "n": row["count"],
        }  # fmt: skip
    return message


def mark(exchange: Exchange, name: str, at: int) -> Message:
    price = plain(exchange.mark(name))
    return {
        "e": "markPriceUpdate", "E": at, "s": name, "p": price, "i": price, "P": price,
        "r": plain(exchange.funding_ppm[name] * 100), "T": exchange.next_funding_ms,
    }  # fmt: skip


class Change:
    """Differences of depth that wait to be sent together."""

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, first: int, last: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        self.first = self.first or first
        self.last = last
        self.bids.update(bids)
        self.asks.update(asks)
