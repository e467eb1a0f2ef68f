"""What a strategy is called and what it trades, as clients write it."""

import re
import unicodedata

from openoutcry.errors import BadInput
from openoutcry.strategy.strict import shown
from openoutcry.types.symbols import Symbol, parse_symbol

MOST_NAME = 100
ASSET = re.compile(r"[A-Z0-9]{1,15}", re.ASCII)
STABLE = ("USDT", "USDC", "FDUSD", "BUSD")
QUOTE = "USDT"


def slug(name: object, *, field: str = "name") -> str:
    """``BTC RSI Strategy`` → ``btc_rsi_strategy``. Raises BadInput of a name without a letter or digit."""
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_NAME:
        raise BadInput(
            f"{field}: must be a text of 1 to {MOST_NAME} characters, not {shown(name)}", field=field
        )
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not made:
        raise BadInput(f"{field}: {shown(name)} has no letter or digit to be named by", field=field)
    return made


def asset(text: object, *, field: str = "asset") -> str:
    """An asset (``BTC``) or an instrument (``BTC/USDT``, ``BTC/USDT:USDT``; ``BTCUSDT`` and ``BTC-PERP`` are read too).

    Raises BadInput.
    """
    if not isinstance(text, str):
        raise BadInput(f"{field}: must be a text such as BTC, not {shown(text)}", field=field)
    name = text.strip().upper()
    joined = any(name.endswith(quote) and len(name) > len(quote) for quote in STABLE)
    if ASSET.fullmatch(name) and not joined:
        return name
    return str(parse_symbol(name, field=field))


def instrument(asset: str, side: str) -> Symbol:
    """What is traded: a bare asset against USDT, on its perpetual when short."""
    symbol = parse_symbol(asset) if "/" in asset else Symbol(base=asset, quote=QUOTE)
    return symbol.perpetual() if side == "short" and symbol.settle is None else symbol
