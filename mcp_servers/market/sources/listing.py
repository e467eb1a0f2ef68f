"""What an exchange lists: the spot pairs and linear perpetuals this system can name, and its bar lengths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from openoutcry.errors import BadInput, BadSymbol, BadTimeframe
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import SECONDS

NEAREST = 3


@dataclass(frozen=True, slots=True)
class Listing:
    """Symbols in canonical form and timeframes, in ascending order."""

    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]

    def check(self, exchange: str, symbol: str, timeframe: str) -> None:
        """Raise BadSymbol or BadTimeframe, saying what there is instead."""
        self.check_symbol(exchange, symbol)
        if timeframe not in self.timeframes:
            raise BadTimeframe(
                f"timeframe: {exchange} has no {timeframe} bars; one of {', '.join(self.timeframes)}",
                field="timeframe",
            )

    def check_symbol(self, exchange: str, symbol: str) -> None:
        """Raise BadSymbol when it is not listed, naming the nearest that are."""
        if symbol not in self.symbols:
            near = nearest(symbol, self.symbols)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise BadSymbol(f"symbols: {exchange} does not list {symbol}{hint}", field="symbols")


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The few known words most like this one, those of the same base before others."""
    found = get_close_matches(word, list(known), n=10, cutoff=0.6)
    base = word.partition("/")[0]
    return sorted(found, key=lambda name: name.partition("/")[0] != base)[:NEAREST]


def listing_of(markets: Mapping[str, Mapping[str, Any]], timeframes: Mapping[str, Any] | None) -> Listing:
    """From what ccxt loaded: markets that trade now, of a kind and name that can be stored."""
    found = set()
    for market in markets.values():
        kept = market.get("spot") or (market.get("swap") and market.get("linear"))
        if not kept or market.get("active") is False:
            continue
        try:
            if canonical(market["symbol"]) == market["symbol"]:
                found.add(market["symbol"])
        except BadInput:
            continue
    return Listing(tuple(sorted(found)), tuple(name for name in SECONDS if name in (timeframes or {})))
