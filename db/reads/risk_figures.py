"""Figures of what sessions trade and hold, from daily candles and from their own equity."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from uuid import UUID

import numpy as np

from db.candles import CandleReader, Series
from db.reads.session_books import daily_equity, trade_results
from db.reads.sessions_seen import RiskSource
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.risk.advice import DAYS, Advice, advise
from openoutcry.risk.allocation import allocation
from openoutcry.risk.concentration import Concentration, concentration
from openoutcry.risk.kelly import TRADES
from openoutcry.risk.metrics import RiskFigures, figures
from openoutcry.risk.returns import DAYS_PER_YEAR, Floats, price_returns
from openoutcry.risk.seen import Seen, together
from openoutcry.types.symbols import parse_symbol

YEAR = 252
"""Daily returns that the figures are computed from."""


def daily_returns(
    reader: CandleReader, exchange: str, symbol: str, as_of: datetime, days: int = YEAR
) -> Floats:
    """The last ``days`` daily returns of a stored series. Raises DataUnavailable when there is none."""
    candles = _days(reader, exchange, symbol, as_of, days + 1)
    if len(candles) < 2:
        raise DataUnavailable(
            f"{symbol}: {len(candles)} daily candles are stored up to {as_of:%Y-%m-%d}; 2 are needed"
        )
    return price_returns(candles.close, field="candles")


def shared_returns(
    reader: CandleReader, exchange: str, symbols: Sequence[str], as_of: datetime, days: int = YEAR
) -> dict[str, Floats]:
    """Daily returns of several series over the days all of them have. Raises BadInput naming ``symbols`` when there are
    none, DataUnavailable below three days.
    """
    if not symbols:
        raise BadInput("symbols: name at least one", field="symbols")
    series = {symbol: _days(reader, exchange, symbol, as_of, days + 1) for symbol in symbols}
    stamps = reduce(np.intersect1d, [candles.timestamp for candles in series.values()])
    if len(stamps) < 3:
        raise DataUnavailable(f"{', '.join(symbols)} share {len(stamps)} daily candles; 3 are needed")
    return {
        symbol: price_returns(candles.close[np.isin(candles.timestamp, stamps)], field=symbol)
        for symbol, candles in series.items()
    }


def concentration_of(
    reader: CandleReader, sessions: Sequence[Seen], symbols: Sequence[str] | None = None, days: int = YEAR
) -> Concentration:
    """Of the assets held, weighed by their exposure; or of ``symbols`` in equal parts. Raises DataUnavailable."""
    book = sessions[0].book
    if symbols is not None:
        returns = shared_returns(reader, book.exchange, symbols, book.as_of, days)
        return concentration(returns, dict.fromkeys(symbols, 1.0 / len(symbols)))
    held = allocation(*together(sessions))
    if held is None or not held.by_asset:
        raise DataUnavailable("nothing is held; name the symbols to compare")
    quote = book.portfolio.quote_asset
    names = {f"{asset}/{quote}": asset for asset in held.by_asset}
    found = shared_returns(reader, book.exchange, tuple(names), book.as_of, days)
    return concentration({names[symbol]: values for symbol, values in found.items()}, held.by_asset)


def market_figures(
    reader: CandleReader, seen: Seen, symbol: str | None = None, days: int = YEAR
) -> RiskFigures:
    """Figures of daily returns of what a session trades, or of ``symbol``."""
    name = seen.book.symbol if symbol is None else symbol
    return figures(daily_returns(reader, seen.book.exchange, name, seen.book.as_of, days), DAYS_PER_YEAR)


async def account_figures(source: RiskSource, seen: Seen, days: int = YEAR) -> RiskFigures:
    """Figures of a session's own equity, day by day. Raises DataUnavailable before its second day."""
    values = await daily_equity(source.pool, seen.book.session_id, days + 1)
    if len(values) < 2:
        raise DataUnavailable(f"the session has {len(values)} days of equity; 2 are needed")
    return figures(price_returns(values, field="equity"), DAYS_PER_YEAR)


async def position_advice(
    source: RiskSource, sessions: Sequence[Seen], org_id: UUID, asset: str, strength: float = 0.5
) -> Advice:
    """How much of an asset its session might buy. Raises BadInput naming ``asset``, DataUnavailable."""
    base = _base(asset)
    seen = next((s for s in sessions if parse_symbol(s.book.symbol).base == base), None)
    if seen is None:
        traded = ", ".join(parse_symbol(s.book.symbol).base for s in sessions)
        raise BadInput(f"asset: no open session trades {asset!r}; there is {traded}", field="asset")
    book, symbol = seen.book, seen.book.symbol
    if symbol not in seen.prices:
        raise DataUnavailable(f"{symbol}: no price is known")
    price, pair = seen.prices[symbol], parse_symbol(symbol)
    return advise(
        book.instrument(symbol, price),
        price,
        _days(source.reader, book.exchange, symbol, book.as_of, DAYS),
        equity=seen.money.equity,
        room=seen.room(symbol),
        results=await trade_results(source.pool, org_id, (symbol, str(pair.perpetual())), TRADES),
        risk=book.settings.risk,
        strength=strength,
    )


def _days(reader: CandleReader, exchange: str, symbol: str, as_of: datetime, count: int) -> Candles:
    return reader.window(Series(exchange, symbol, "1d"), as_of, count)


def _base(asset: str) -> str:
    """``BTC`` of ``btc``, ``BTC/USDT`` or ``BTC-PERP``."""
    name = asset.strip().upper()
    return (
        name
        if name.isalnum() and len(name) <= 15 and name.isascii()
        else parse_symbol(asset, field="asset").base
    )
