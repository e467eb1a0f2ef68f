"""``outcry forecast``: where a symbol's price may go, from the home's stored candles, and how such forecasts went before."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption

app = typer.Typer()
FOREVER = datetime(2262, 1, 1, tzinfo=UTC)


@app.command()
def forecast(
    symbol: Annotated[str, typer.Argument(help="e.g. BTC/USDT or BTCUSDT")],
    exchange: Annotated[str, typer.Option(help="whose candles")] = "binance",
    at: Annotated[
        str | None, typer.Option(help="instant (ISO, UTC) [default: the newest candle's close]")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecasts for 1h, 4h and 1d with target bands, supports, resistances and their walk-forward validation."""
    from db.candles import CandleReader, Series  # numpy is for this command's run, not its help
    from db.forecasting.bars import newest_price
    from db.forecasting.making import outlook
    from openoutcry.errors import DataUnavailable
    from wire.config import home_folder, parse_when

    reader = CandleReader(home_folder(str(home) if home else None))
    series = Series(exchange, symbol, "1h")
    as_of = parse_when(at, field="--at")
    if as_of is None:
        newest = newest_price(reader, series, FOREVER)
        if newest is None:
            raise DataUnavailable(f"no candles of {series.symbol} at {series.exchange} are stored")
        as_of = newest[1]
    made = outlook(reader, series, as_of, {}).forecasts
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in made.values()]))
        return
    for one in made.values():
        target, told = one.price_target, one.validation
        typer.echo(
            f"{one.timeframe:<3} {one.direction:<5} {one.predicted_change_pct:+.2f} % in {one.horizon_bars} bars "
            f"(confidence {one.confidence:.2f}) from {one.price:g} at {one.as_of:%Y-%m-%d %H:%M}\n"
            f"    target      {target.low:g} .. {target.mid:g} .. {target.high:g}\n"
            f"    support     {'  '.join(f'{level:g}' for level in one.support)}\n"
            f"    resistance  {'  '.join(f'{level:g}' for level in one.resistance)}\n"
            f"    walk forward, {told.samples} forecasts: direction {told.directional_accuracy:.1%} "
            f"(naive {told.naive_accuracy:.1%}), error {told.mae_pct:.2f} % (naive {told.naive_mae_pct:.2f} %), "
            f"{'passed' if told.passed else 'not better than naive'}"
        )
