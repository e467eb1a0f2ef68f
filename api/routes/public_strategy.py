"""AmpFi's ``/api/v1/public/strategy/{symbol}``: the floor's newest decision with forecasts for three timeframes."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.market import series_of
from api.predicting import Predictions, market_now, preferred
from api.quoting import Quotes
from api.requests import AnyRequest
from api.shapes.public_strategy import PriceNow, SymbolStrategy, told
from api.shapes.public_strategy_example import EXAMPLE
from api.waiting import somebody_works
from db.candles import Series
from db.forecasting.asking import ask_for_round
from db.forecasting.decided import newest
from db.forecasting.fetching import ask_for_history
from db.forecasting.making import LEAST_DAYS
from db.jobs.rows import Job
from openoutcry.errors import BadSymbol, DataUnavailable
from openoutcry.types.symbols import Symbol, parse_symbol

FORM = re.compile(r"[A-Z0-9]{5,20}", re.ASCII)
PRICE = re.compile(r"\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,2})?|\.\d{1,18}", re.ASCII)
RETRY_S = 10
"""When it is worth asking again while history is being fetched."""
LEAST_PRICE, MOST_PRICE = 1e-12, 1e15


@get(
    "/api/v1/public/strategy/{symbol:path}",
    tags=["public"],
    permission="strategy:read",
    plan="expert",
    bearer=True,
    errors=(404, 422, 500),
    shown=EXAMPLE,
)
async def strategy(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Annotated[str, PathParameter(description="Exchange form, capitals: BTCUSDT.")],
    current_price: Annotated[
        str | None,
        QueryParameter(
            name="currentPrice",
            description="The price you know, a positive decimal; left out, the market's newest.",
            required=False,
        ),
    ] = None,
) -> SymbolStrategy:
    """What the floor last decided on a symbol, how sure it may be, and where the price may go."""
    name = symbol.removeprefix("/").removesuffix("/")
    if not FORM.fullmatch(name):
        raise Failure(400, "Invalid symbol format", field="symbol")
    given = _price(request)
    pair = _pair(name)
    symbols = (str(pair), str(pair.perpetual()))
    now, org_id = await market_now(floor), caller_of(request).org_id
    made: Predictions = request.app.state["predictions"]
    found = await newest(floor.pool, org_id, symbols, now)
    if found is None:
        await _known(request, floor, pair, symbols, now)
        queued = await ask_for_round(floor.pool, org_id, symbols, caller_of(request).name)
        raise Failure(404, f"No prediction found for {pair}", generationRequested=queued)
    try:
        prediction = await made.of(org_id, found)
    except DataUnavailable as error:
        raise await _too_young(request, floor, found.series, pair, now) from error
    if given is not None:
        return told(name, prediction, now, PriceNow(given, "query"))
    return told(name, prediction, now, await _price_now(request, made, found.series, pair, now))


async def _price_now(
    request: AnyRequest, made: Predictions, series: Series, pair: Symbol, now: datetime
) -> PriceNow:
    """The market server's quote, or else the newest stored close. Raises Failure 404 when there is neither."""
    quotes: Quotes = request.app.state["quotes"]
    quote = await quotes.of(series, str(request.scope["state"]["correlation_id"]))
    if quote is not None:
        return PriceNow(quote.price, "quote", quote.at)
    stored = await made.price(series, now)
    if stored is None:
        raise _unknown(pair)
    return PriceNow(stored.price, "stored_close", stored.at)


async def _known(
    request: AnyRequest, floor: Floor, pair: Symbol, symbols: Sequence[str], now: datetime
) -> None:
    """Raises Failure 404 for a symbol without candles that the floor does not trade, 422 for one with too few."""
    made: Predictions = request.app.state["predictions"]
    series = preferred(await series_of(floor), floor.run.exchange, symbols) or _traded(floor, symbols)
    if series is None:
        raise _unknown(pair)
    if not await made.enough(series, now):
        raise await _too_young(request, floor, series, pair, now)


def _traded(floor: Floor, symbols: Sequence[str]) -> Series | None:
    """What a live floor trades, stored or not."""
    name = next((one for one in symbols if one in floor.run.symbols), None)
    return Series(floor.run.exchange, name, "1h") if name is not None and floor.run.market == "live" else None


def _pair(name: str) -> Symbol:
    """The pair that a joined name means. Raises Failure 404 for one that no exchange has."""
    try:
        return parse_symbol(name)
    except BadSymbol as error:
        raise _unknown(name) from error


def _price(request: AnyRequest) -> float | None:
    """``currentPrice``, which may come once. Raises Failure 400."""
    given = request.query_params.getall("currentPrice", [])
    if not given:
        return None
    price = float(given[0]) if len(given) == 1 and PRICE.fullmatch(given[0]) else 0.0
    if not LEAST_PRICE <= price <= MOST_PRICE:
        raise Failure(400, "Invalid currentPrice parameter", field="currentPrice")
    return price


def _unknown(pair: Symbol | str) -> Failure:
    return Failure(
        404,
        "Symbol not found in configured exchanges",
        message=f"Symbol {pair} is not available on any of your configured exchanges.",
    )


async def _too_young(
    request: AnyRequest, floor: Floor, series: Series, pair: Symbol, now: datetime
) -> Failure:
    """The 422; a live floor has the rest fetched meanwhile, and ``details`` say how far that is."""
    made: Predictions = request.app.state["predictions"]
    stored = f"{await made.days(series, now)} of {LEAST_DAYS} days are stored"
    failure = Failure(
        422,
        "Insufficient historical data",
        code="INSUFFICIENT_HISTORY",
        message=f"Symbol {pair} does not have enough historical data (minimum {LEAST_DAYS} days required)",
        details=stored,
    )
    if floor.run.market != "live":
        return failure
    if not await somebody_works(floor):
        failure.details = f"{stored}; no worker is there to fetch the rest: `outcry worker` starts one"
        return failure
    job = await ask_for_history(floor.pool, caller_of(request).org_id, series, now, caller_of(request).name)
    failure.details = f"{stored}; {_how_far(job)}"
    failure.headers["Retry-After"] = str(RETRY_S)
    failure.extra["retry_after"] = RETRY_S
    return failure


def _how_far(job: Job) -> str:
    if job.over:
        errors = [str(text) for text in (job.result or {}).get("errors", {}).values()]
        why = job.error or "; ".join(errors) or "the exchange has no more"
        return f"fetched this hour, job {job.id}: {why}"
    return f"fetching the {job.name}, job {job.id}: {job.percentage} %"


HANDLERS = [strategy]
