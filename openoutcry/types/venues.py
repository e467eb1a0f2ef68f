"""Exchanges as clients call them: ``binance_futures`` are the perpetuals of ``binance``, stored beside its spot pairs."""

from openoutcry.types.symbols import parse_symbol

FUTURES = "_futures"


def venue_of(exchange: str) -> str:
    """The exchange whose candles are meant."""
    return exchange.removesuffix(FUTURES)


def perpetuals_only(exchange: str) -> bool:
    """Whether only its perpetuals are meant."""
    return exchange.endswith(FUTURES)


def symbol_at(exchange: str, symbol: str) -> str:
    """The symbol in canonical form, a perpetual where only those are meant. Raises BadSymbol."""
    found = parse_symbol(symbol, field="symbols")
    return str(found.perpetual() if perpetuals_only(exchange) and found.kind == "spot" else found)
