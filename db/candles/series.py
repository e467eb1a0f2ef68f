"""Names of stored series and the folders they live in."""

import re
from dataclasses import dataclass

from openoutcry.errors import BadInput
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import SECONDS, parse_timeframe

EXCHANGE = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}", re.ASCII)


def folder_of(symbol: str) -> str:
    """``BTC/USDT:USDT`` → ``BTC-USDT_USDT``."""
    return symbol.replace("/", "-").replace(":", "_")


def symbol_of(folder: str) -> str:
    """The inverse of folder_of. Raises BadSymbol for a folder that names no symbol."""
    return canonical(folder.replace("_", ":"), field="folder")


def _checked_exchange(exchange: str) -> str:
    if not EXCHANGE.fullmatch(exchange):
        raise BadInput(f"exchange: {exchange!r} is not a name such as binance", field="exchange")
    return exchange


@dataclass(frozen=True, slots=True)
class Series:
    """Candles of one symbol and bar length at one exchange; both are brought to canonical form."""

    exchange: str
    symbol: str
    timeframe: str

    def __post_init__(self) -> None:
        _checked_exchange(self.exchange)
        object.__setattr__(self, "symbol", canonical(self.symbol))
        object.__setattr__(self, "timeframe", parse_timeframe(self.timeframe))

    @property
    def folder(self) -> str:
        """Path below the store's root."""
        return f"candles/{self.exchange}/{folder_of(self.symbol)}/{self.timeframe}"

    @property
    def bar_ms(self) -> int:
        """Length of one bar in milliseconds."""
        return SECONDS[self.timeframe] * 1000

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.timeframe}"


@dataclass(frozen=True, slots=True)
class FundingSeries:
    """Funding rates of one perpetual at one exchange."""

    exchange: str
    symbol: str

    def __post_init__(self) -> None:
        _checked_exchange(self.exchange)
        object.__setattr__(self, "symbol", canonical(self.symbol))

    @property
    def folder(self) -> str:
        """Path below the store's root."""
        return f"funding/{self.exchange}/{folder_of(self.symbol)}"

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} funding"


def parse_series(text: str, *, field: str = "series") -> Series | FundingSeries:
    """``binance BTC/USDT 1h``, ``binance/BTC-USDT/1h`` or ``binance BTC/USDT:USDT funding``. Raises BadInput."""
    words = text.split() if " " in text.strip() else text.strip("/").split("/")
    if len(words) < 3:
        raise BadInput(
            f"{field}: {text!r} must name exchange, symbol and timeframe, e.g. 'binance BTC/USDT 1h'",
            field=field,
        )
    exchange, *middle, last = words
    symbol = canonical("/".join(middle).replace("_", ":"), field=field)
    if last == "funding":
        return FundingSeries(exchange, symbol)
    return Series(exchange, symbol, parse_timeframe(last, field=field))
