"""The hedge study over a home's candle store, as a report."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from db.candles import CandleStore, FundingSeries, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.hedging.study import study_hedge
from openoutcry.market.candles import Candles
from openoutcry.settings import VenueSettings
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis


@dataclass(frozen=True, slots=True)
class Asked:
    """A pair over a span; without ``start`` or ``end`` all that is stored."""

    exchange: str
    symbol: str
    timeframe: str
    start: datetime | None
    end: datetime | None
    ratio: float


def study_of(home: Path, asked: Asked, venue: VenueSettings) -> dict[str, Any]:
    """The report as plain data. Raises BadInput naming the argument, DataUnavailable where nothing is stored."""
    if asked.start is not None and asked.end is not None and asked.end < asked.start:
        raise BadInput(f"--to: {asked.end:%Y-%m-%d} is before --from", field="to")
    pair, store = parse_symbol(asked.symbol), CandleStore(home)
    spot = Series(asked.exchange, str(pair.spot()), asked.timeframe)
    perp = Series(asked.exchange, str(pair.perpetual()), asked.timeframe)
    held, short = (_between(store, series, asked) for series in (spot, perp))
    first, last = (from_millis(int(held.timestamp[place])) for place in (0, -1))
    end = last + timedelta(milliseconds=spot.bar_ms + 1)
    paid = store.read_funding(FundingSeries(asked.exchange, perp.symbol), first, end)
    found = study_hedge(held, short, paid, timeframe=spot.timeframe, ratio=asked.ratio, venue=venue)
    return {
        "symbol": spot.symbol,
        "hedge_symbol": perp.symbol,
        "exchange": asked.exchange,
        "timeframe": spot.timeframe,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "bars": found.bars,
        "ratio": found.ratio,
        "unhedged": asdict(found.unhedged),
        "hedged": asdict(found.hedged),
        "volatility_reduction": found.reduction,
        "funding_rates": len(paid),
        "funding": found.funding,
        "basis": found.basis,
        "costs": found.costs,
        "notes": []
        if len(paid)
        else [f"no funding rates of {perp.symbol} are stored: funding counts as nothing"],
    }


def _between(store: CandleStore, series: Series, asked: Asked) -> Candles:
    """The stored bars of the span. Raises DataUnavailable when there are none, saying what is stored."""
    coverage = store.coverage(series)
    start = coverage.first if asked.start is None else asked.start
    end = coverage.last if asked.end is None else asked.end
    bars = store.read(series, start, end + timedelta(milliseconds=1))
    if not len(bars):
        raise DataUnavailable(
            f"{series}: no candles from {start:%Y-%m-%d} to {end:%Y-%m-%d}; stored are {coverage.first:%Y-%m-%d} to "
            f"{coverage.last:%Y-%m-%d}"
        )
    return bars


def told(found: dict[str, Any]) -> str:
    """For a person."""
    alone, covered = found["unhedged"], found["hedged"]
    reduction = found["volatility_reduction"]
    rows = [
        f"{found['symbol']} hedged with {found['hedge_symbol']} at {found['ratio']:g}, {found['exchange']} {found['timeframe']}",
        f"{found['from'][:16]} to {found['to'][:16]}, {found['bars']:,} bars both have, "
        f"{found['funding_rates']:,} funding payments",
        "",
        f"{'':24}{'unhedged':>12}{'hedged':>12}",
        *(
            f"{name.replace('_', ' '):24}{alone[name]:>12.2%}{covered[name]:>12.2%}"
            for name in ("volatility", "total_return", "max_drawdown")
        ),
        "",
        "volatility taken away   "
        + ("the market did not move" if reduction is None else f"{reduction:>12.2%}"),
        f"{'funding received':24}{found['funding']:>12.2%}",
        f"{'basis':24}{found['basis']:>12.2%}",
        f"{'fees and spread':24}{-found['costs']:>12.2%}",
        "",
        "Returns are after all costs, of the first spot value; volatility is a year's.",
        *found["notes"],
    ]
    return "\n".join(rows)
