"""Choosing what of the candle store a recorded run plays."""

from datetime import timedelta
from pathlib import Path

from db.candles import CandleStore
from openoutcry.errors import BadConfig
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import bar_length
from wire.config import RunSpec

WARM_UP_BARS = 300
"""Bars of history a run leaves for the indicators when no --from is given."""


def choose(spec: RunSpec, home: Path, asked: tuple[str, ...], *, timeframe_given: bool) -> RunSpec:
    """The spec with symbols, timeframe, start and end that the store really has. Raises BadConfig naming the option."""
    store = CandleStore(home)
    stored = [s for s in store.series() if s.exchange == spec.exchange]
    if not stored:
        raise BadConfig(
            f"--market recorded: no candles of {spec.exchange} in {home}; import some with "
            "`outcry data import FILE --symbol BTC/USDT --exchange binance --timeframe 1h`",
            field="market",
        )
    frames = {s.timeframe for s in stored}
    timeframe = spec.timeframe if timeframe_given or len(frames) != 1 else frames.pop()
    here = sorted(s.symbol for s in stored if s.timeframe == timeframe)
    if not here:
        raise BadConfig(
            f"--timeframe: nothing stored at {timeframe}; there is {', '.join(sorted(frames))}",
            field="timeframe",
        )
    spots = [symbol for symbol in here if parse_symbol(symbol).kind == "spot"]
    symbols = asked or tuple(spots or here)
    if missing := [symbol for symbol in symbols if symbol not in here]:
        raise BadConfig(
            f"--symbols: {missing[0]} is not stored at {timeframe}; there is {', '.join(here)}",
            field="symbols",
        )
    covers = [store.coverage(s) for s in stored if s.timeframe == timeframe and s.symbol in symbols]
    first, last = min(c.first for c in covers), max(c.last for c in covers)
    step = bar_length(timeframe)
    start = spec.start or first + WARM_UP_BARS * step
    end = (
        min(spec.end, last + step - timedelta(microseconds=1))
        if spec.end
        else last + step - timedelta(microseconds=1)
    )
    if start >= end:
        raise BadConfig(
            f"--from/--to: the store has {symbols[0]} {timeframe} from {first:%Y-%m-%d} to {last:%Y-%m-%d}",
            field="from",
        )
    return spec.model_copy(update={"symbols": symbols, "timeframe": timeframe, "start": start, "end": end})
