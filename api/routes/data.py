"""``/api/v1/data``: which symbols there are, how fresh their candles are, and fetching more. Workers speak to exchanges."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, Body, read_body
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.market import apart, home_of
from api.params import one_of, read_choice, read_id, read_time
from api.requests import AnyRequest
from api.shapes.backtests import Progress, progress
from api.shapes.base import Shape
from api.shapes.described import SyncedSeries
from api.waiting import ended, somebody_works
from db.candles import CandleStore
from db.candles.inventory import freshness_by_symbol, last_closes, stored_symbols
from db.candles.sync.request import SyncRequest
from db.jobs import reads
from db.jobs.rows import Job
from db.jobs.submit import Submission, submit
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.freshness import STALE_HOURS
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.venues import perpetuals_only, symbol_at, venue_of
from wire.clock import WallClock
from wire.exchanges import refuse_unknown

KEPT_BY = ("exchange", "stored")

SYNC, LISTING = "data_sync", "symbol_listing"
EXCHANGE = "binance_futures"
SYNC_WAIT_S, LISTING_WAIT_S = 30.0, 30.0
SYNC_TIMEOUT_S, LISTING_TIMEOUT_S = 6 * 3600, 600
RETRY_S = 5
MOST_ASKED = 200
Exchange = Annotated[
    str,
    QueryParameter(
        description="binance_futures (its perpetuals), binance, kraken, …", required=False, max_length=40
    ),
]
Names = Annotated[
    list[str] | None,
    QueryParameter(
        description="Repeated (`symbols[]` is the same), or separated by commas; all that are stored without.",
        required=False,
    ),
]


class TradedSymbols(Shape, frozen=True, kw_only=True):
    """TradedSymbols in ascending order; ``last_updated`` is when the exchange was asked, or the newest stored bar's close."""

    symbols: list[str]
    exchange: str
    source: str
    count: int
    last_updated: datetime | None


class Fresh(Shape, frozen=True, kw_only=True):
    """Of the newest stored bar, whatever its length: when it closed, and how long ago. Null when nothing is stored."""

    last_update: datetime | None
    hours_old: float | None
    is_stale: bool


class Freshness(Shape, frozen=True, kw_only=True):
    """By symbol, under the names they were asked by."""

    freshness: dict[str, Fresh]
    threshold_hours: float
    checked_at: datetime


class SyncWish(Body, frozen=True, kw_only=True):
    """What to fetch. Without ``start`` from the first stored bar, or a year back; without ``end`` up to now."""

    symbols: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(min_length=1, max_length=MOST_ASKED)
    ]
    exchange: Annotated[str, msgspec.Meta(max_length=40)] = EXCHANGE
    force_refresh: bool = False
    timeframe: Annotated[str, msgspec.Meta(max_length=10)] = "1h"
    start: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    end: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    funding: bool = False


class Newer(Body, frozen=True, kw_only=True):
    """Whose candles are to be brought up to now."""

    symbols: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(min_length=1, max_length=MOST_ASKED)
    ]
    exchange: Annotated[str, msgspec.Meta(max_length=40)] = EXCHANGE
    timeframe: Annotated[str, msgspec.Meta(max_length=10)] = "1h"
    funding: bool = False


class Synced(Shape, frozen=True, kw_only=True):
    """``status`` is completed, partial (see ``errors``), failed, or running, when it is too early for figures."""

    status: str
    symbols_synced: int | None
    new_rows: int | None
    sync_duration_ms: int | None
    completed_at: datetime | None
    errors: dict[str, str]
    series: list[SyncedSeries]
    job_id: UUID
    progress: Progress
    message: str


EXAMPLE = {
    "symbols": ["BTC/USDT:USDT", "ETH/USDT:USDT"],
    "exchange": "binance_futures",
    "force_refresh": False,
}


@get("/api/v1/data/symbols", tags=["data"], permission="strategy:read")
async def symbols(
    request: AnyRequest,
    floor: TheFloor,
    exchange: Exchange = EXCHANGE,
    source: Annotated[str | None, one_of(KEPT_BY, "{}; exchange when left out.")] = None,
) -> TradedSymbols:
    """The symbols an exchange lists now, or (`source=stored`) all whose candles are stored here."""
    chosen = read_choice(source, "source", KEPT_BY) or "exchange"
    if chosen == "stored":
        return await _stored(floor, exchange)
    refuse_unknown(venue_of(exchange), field="exchange")
    listed = await _listed(request, floor, venue_of(exchange))
    names = [
        name
        for name in listed["symbols"]
        if not perpetuals_only(exchange) or parse_symbol(name).kind == "perp"
    ]
    return TradedSymbols(
        symbols=names,
        exchange=exchange,
        source=chosen,
        count=len(names),
        last_updated=datetime.fromisoformat(listed["listed_at"]),
    )


@get("/api/v1/data/freshness", tags=["data"], permission="strategy:read")
async def freshness(
    floor: TheFloor,
    symbols: Names = None,
    bracketed: Annotated[
        list[str] | None, QueryParameter(name="symbols[]", required=False, include_in_schema=False)
    ] = None,
    stale_threshold_hours: Annotated[
        float, QueryParameter(description="Older than this is stale.", required=False, gt=0, le=1e6)
    ] = STALE_HOURS,
) -> Freshness:
    """How old the newest stored bar of each symbol is."""
    asked = [
        name for text in [*(symbols or []), *(bracketed or [])] for name in text.split(",") if name.strip()
    ]
    if len(asked) > MOST_ASKED:
        raise BadInput(f"symbols: at most {MOST_ASKED} at once", field="symbols")
    at = WallClock().now()
    store = CandleStore(home_of(floor))
    found = await apart(lambda: freshness_by_symbol(store, asked, stale_threshold_hours, at))
    return Freshness(
        freshness={
            name: Fresh(last_update=one.last_update, hours_old=one.hours_old, is_stale=one.is_stale)
            for name, one in found.items()
        },
        threshold_hours=int(stale_threshold_hours)
        if stale_threshold_hours.is_integer()
        else stale_threshold_hours,
        checked_at=at,
    )


@post(
    "/api/v1/data/sync", tags=["data"], role="trader", permission="backtest:create", status_code=200,
    body=SyncWish, example=EXAMPLE, idempotent=True,
)  # fmt: skip
async def sync(request: AnyRequest, floor: TheFloor) -> Answer[Synced]:
    """Fetch what the store lacks. Answers when it is done; after half a minute, that it is running and its job."""
    wanted = _request(await read_body(request, SyncWish, PLAIN))
    return await once(request, floor, wanted, lambda name: _synced(request, floor, wanted, name))


@post(
    "/api/v1/data/sync/incremental", tags=["data"], role="trader", permission="backtest:create", status_code=200,
    body=Newer, example={"symbols": ["BTC/USDT:USDT"], "exchange": "binance_futures"}, idempotent=True,
)  # fmt: skip
async def sync_incremental(request: AnyRequest, floor: TheFloor) -> Answer[Synced]:
    """Fetch what came since the newest stored bar, up to now, and what is missing before it; a series that is not stored
    yet begins a year back. The answer is that of a sync."""
    wish = await read_body(request, Newer, PLAIN)
    wanted = _request(SyncWish(**{name: getattr(wish, name) for name in wish.__struct_fields__}))
    return await once(request, floor, wanted, lambda name: _synced(request, floor, wanted, name))


@get("/api/v1/data/sync/{job_id:str}", tags=["data"], permission="strategy:read")
async def sync_status(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Synced:
    """A sync that was begun, and how it ended."""
    job = await reads.get(floor.pool, caller_of(request).org_id, read_id(job_id, "job"))
    if job is None or job.kind != SYNC:
        raise Failure(404, f"Sync job '{job_id}' not found", job_id=job_id)
    return _told(job)


def _request(wish: SyncWish) -> SyncRequest:
    """The body, checked. Raises BadInput naming the field."""
    venue = venue_of(wish.exchange)
    refuse_unknown(venue, field="exchange")
    wanted = SyncRequest.asked(
        exchange=venue,
        symbols=[symbol_at(wish.exchange, symbol) for symbol in wish.symbols],
        timeframe=wish.timeframe,
        start=read_time(wish.start, "start"),
        end=read_time(wish.end, "end"),
        force_refresh=wish.force_refresh,
        funding=wish.funding,
    )
    wanted.check_times(WallClock().now())
    return wanted


async def _synced(request: AnyRequest, floor: Floor, wanted: SyncRequest, name: str | None) -> Synced:
    """Raises Failure 400 when the exchange has nothing of what is asked for, 503 without a worker."""
    job = await _worked(
        request,
        floor,
        Submission(
            kind=SYNC,
            name=f"{wanted.exchange} {wanted.timeframe}",
            request=wanted.model_dump(mode="json"),
            timeout_s=SYNC_TIMEOUT_S,
        ),
        name,
        SYNC_WAIT_S,
    )
    if job.result is not None and job.result["misasked"]:
        raise BadInput("; ".join(job.result["errors"].values()), field="symbols")
    return _told(job)


def _told(job: Job) -> Synced:
    """A sync's job as the documented answer."""
    body: Mapping[str, Any] = job.result or {}
    over = {"FAILED": "failed", "CANCELLED": "failed"}.get(job.status, "running")
    ended_at = job.finished_at if job.over else None
    return Synced(
        status=body.get("status", over),
        symbols_synced=body.get("symbols_synced", 0 if job.over else None),
        new_rows=body.get("new_rows", 0 if job.over else None),
        sync_duration_ms=body.get("sync_duration_ms"),
        completed_at=ended_at if ended_at is None else ended_at.replace(microsecond=0),
        errors=body.get("errors") or ({"*": job.error} if job.error else {}),
        series=body.get("series", []),
        job_id=job.id,
        progress=progress(job),
        message=job.message,
    )


async def _stored(floor: Floor, exchange: str) -> TradedSymbols:
    """Storage is shared by exchanges: the exchange is echoed, and all symbols are listed."""
    store = CandleStore(home_of(floor))
    names = await apart(lambda: stored_symbols(store))
    closes = await apart(lambda: last_closes(store, store.series()))
    newest = max((at for at in closes.values() if at is not None), default=None)
    return TradedSymbols(
        symbols=names, exchange=exchange, source="stored", count=len(names), last_updated=newest
    )


async def _listed(request: AnyRequest, floor: Floor, exchange: str) -> dict[str, Any]:
    """What an exchange lists, asked at most once an hour while it answers. Raises DataUnavailable or Failure 503."""
    at = WallClock().now()
    job: Job | None = None
    for once_in in (f"{at:%Y-%m-%dT%H}", f"{at:%Y-%m-%dT%H:%M:%S}"):
        wanted = Submission(
            kind=LISTING, name=exchange, request={"exchange": exchange}, timeout_s=LISTING_TIMEOUT_S
        )
        job = await _worked(request, floor, wanted, f"{LISTING}/{exchange}/{once_in}", LISTING_WAIT_S)
        if job.result is not None:
            return job.result
        if not job.over:
            break
    assert job is not None
    raise DataUnavailable(job.error or f"{exchange} has not answered yet; ask again in a moment")


async def _worked(
    request: AnyRequest, floor: Floor, wanted: Submission, name: str | None, within_s: float
) -> Job:
    """The job, queued once under its name, at its end or after a while. Raises Failure 503 without a worker."""
    caller = caller_of(request)
    if not await somebody_works(floor):
        raise Failure(
            503, "no worker", code="NO_WORKER", details="nobody takes jobs; `outcry worker` starts one",
            headers={"Retry-After": str(RETRY_S)}, retry_after=RETRY_S,
        )  # fmt: skip
    job_id = await submit(floor.pool, caller.org_id, wanted, caller.name, once=name)
    return await ended(floor, caller.org_id, job_id, within_s)


HANDLERS = [symbols, freshness, sync, sync_incremental, sync_status]
