"""Whole units: every amount and price is an integer of hundred-millionths, so that nothing is ever rounded by accident."""

import re

SCALE = 8
ONE = 100_000_000
PLAIN = re.compile(r"[0-9]{1,18}(?:\.([0-9]{1,18}))?\Z")


def parse(text: str) -> int | None:
    """Units of a plain decimal such as ``0.01``; None for anything else, or for more than eight decimals that are not zero."""
    if not text.isascii() or PLAIN.match(text) is None:
        return None
    whole, _, part = text.partition(".")
    if part[SCALE:].strip("0"):
        return None
    return int(whole) * ONE + int(part[:SCALE].ljust(SCALE, "0"))


def plain(units: int, decimals: int = SCALE) -> str:
    """The decimal that Binance prints: fixed ``decimals`` places (8 on spot); further ones are cut off."""
    sign, size = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(size, ONE)
    if decimals == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part:0{SCALE}d}"[: len(sign) + len(str(whole)) + 1 + decimals]


def trimmed(units: int) -> str:
    """The same without trailing zeros, as futures print most amounts."""
    text = plain(units).rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def notional(price: int, quantity: int) -> int:
    """Quote units of a quantity at a price: exact for prices on the tick and quantities on the step."""
    return price * quantity // ONE


def share(units: int, ppm: int) -> int:
    """Millionths of an amount, towards zero: a fee."""
    return units * ppm // 1_000_000
