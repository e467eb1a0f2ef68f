"""Symbols: one canonical spelling (``BTC/USDT`` spot, ``BTC/USDT:USDT`` perpetual), read from any client's."""

import re
from typing import Literal

from openoutcry.errors import BadSymbol
from openoutcry.types.frozen import Frozen

QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD", "EUR", "GBP", "TRY", "BTC", "ETH", "BNB")
PAIR = re.compile(r"([A-Z0-9]{1,15})[/\-_]([A-Z0-9]{2,10})(?::([A-Z0-9]{2,10}))?", re.ASCII)
JOINED = re.compile(r"[A-Z0-9]{4,20}", re.ASCII)
Kind = Literal["spot", "perp"]


class Symbol(Frozen):
    """A traded instrument. ``settle`` is set for perpetuals only."""

    base: str
    quote: str
    settle: str | None = None

    @property
    def kind(self) -> Kind:
        """``spot`` or ``perp``."""
        return "perp" if self.settle else "spot"

    @property
    def joined(self) -> str:
        """Exchange form: ``BTCUSDT``."""
        return f"{self.base}{self.quote}"

    def perpetual(self) -> "Symbol":
        """The linear perpetual of this pair."""
        return Symbol(base=self.base, quote=self.quote, settle=self.quote)

    def spot(self) -> "Symbol":
        """The spot pair of this instrument."""
        return Symbol(base=self.base, quote=self.quote)

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}:{self.settle}" if self.settle else f"{self.base}/{self.quote}"


def parse_symbol(text: str, *, field: str = "symbol") -> Symbol:
    """Read ``BTC/USDT``, ``BTC-USDT``, ``btcusdt``, ``BTC%2FUSDT``, ``BTC/USDT:USDT`` or ``BTC-PERP``.

    A joined form is split at the longest known quote. Raises BadSymbol naming ``field``.
    """
    raw = text.strip().upper().replace("%2F", "/") if isinstance(text, str) and len(text) <= 40 else ""
    if raw.endswith(("-PERP", "/PERP")) and raw[:-5].isalnum():
        return Symbol(base=raw[:-5], quote="USDT", settle="USDT")
    if match := PAIR.fullmatch(raw):
        base, quote, settle = match.groups()
        return Symbol(base=base, quote=quote, settle=settle)
    if JOINED.fullmatch(raw):
        for quote in sorted(QUOTES, key=len, reverse=True):
            if raw.endswith(quote) and len(raw) > len(quote):
                return Symbol(base=raw[: -len(quote)], quote=quote)
    raise BadSymbol(f"{field}: cannot read {text!r} as a symbol such as BTC/USDT", field=field)


def canonical(text: str, *, field: str = "symbol") -> str:
    """Canonical spelling of any accepted symbol form."""
    return str(parse_symbol(text, field=field))
