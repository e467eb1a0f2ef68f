"""``POST /api/v1/backtests/bulk``: many strategies over one period, in one job that reads each series once."""

from typing import Any

from litestar import post

from api.access import caller_of
from api.bodies import Body, read_object
from api.encoding import Answer
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.requests import AnyRequest
from api.routes.backtest_runs import WAIT_S, Wanted, wanted_of, warming
from api.shapes.base import Shape
from api.shapes.described import ExecutionConfig, Figures, Params, RuleSet
from api.waiting import ended, somebody_works
from db.jobs.submit import Submission, submit
from openoutcry.backtest.request.asked import EXECUTION
from openoutcry.errors import BadInput, NotFound

KIND = "backtest_bulk"
MOST = 100
SHARED = (
    "start", "start_date", "end", "end_date", "lookback_months", "interval", "exchange", "asset", "fee_pct", "slippage_pct",
    "execution_config", "fills", "seed", "data_source",
)  # fmt: skip
"""What all strategies of a bulk have in common; `strict` and `symbols` are for single runs."""
EXAMPLE = {
    "strategy_ids": ["sma_cross", "ema_trend"],
    "start_date": "2024-01-01",
    "end_date": "2024-06-30",
}


class Bulk(Body, frozen=True, kw_only=True):
    """``strategy_ids`` (ids or names) or ``strategy_configs`` (whole strategies), 1 to 100, and what they share.

    Every execution field may stand beside these.
    Without ``interval`` each runs on the bars of its own rules, without ``asset`` on its own asset.
    """

    strategy_ids: list[str] | None = None
    strategy_configs: list[RuleSet] | None = None
    start_date: str | None = None
    end_date: str | None = None
    start: str | None = None
    end: str | None = None
    lookback_months: int | None = None
    interval: str | None = None
    exchange: str | None = None
    asset: str | None = None
    fee_pct: float | None = None
    slippage_pct: float | None = None
    execution_config: ExecutionConfig | None = None
    fills: Params | None = None
    seed: int | None = None
    data_source: str | None = None


class BulkItem(Shape, frozen=True, kw_only=True):
    """What came of one strategy; ``error`` says why there are no figures."""

    success: bool
    strategy_id: str | None
    strategy_name: str | None
    metrics: Figures | None
    trade_count: int
    execution_time_seconds: float
    error: str | None


class BulkRan(Shape, frozen=True, kw_only=True):
    """The results in the order of the strategies; ``data_fetches`` counts the series of candles that were read."""

    success: bool
    job_id: str | None
    results: list[BulkItem]
    data_fetches: int
    total_execution_time_seconds: float


@post(
    "/api/v1/backtests/bulk", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=Bulk, example=EXAMPLE, idempotent=True, free_body=True, status_code=200, errors=(404, 422),
)  # fmt: skip
async def run_bulk(request: AnyRequest, floor: TheFloor) -> Answer[BulkRan]:
    """Run many strategies over the same period and wait for the end. What is wrong with one stops none of the others."""
    body = await read_object(request)
    named = _strategies(body)
    return await once(
        request, floor, Wanted(body=body), lambda name: _ran(request, floor, body, named, name), 200
    )


def _strategies(body: dict[str, Any]) -> list[dict[str, Any]]:
    """How each strategy is named in a body of its own. Raises Failure 400."""
    given = [key for key in ("strategy_ids", "strategy_configs") if body.get(key) is not None]
    if not given:
        text = "Missing required fields: strategy_ids or strategy_configs"
        raise Failure(400, text, code="MISSING_FIELD", field="strategy_ids")
    if len(given) > 1:
        raise invalid_body("strategy_configs: give it or strategy_ids, not both", "strategy_configs")
    if unknown := next(
        (key for key in body if key not in (*SHARED, *EXECUTION, *given) and body[key] is not None), None
    ):
        raise invalid_body(f"{unknown[:60]} is not a field of this request", unknown[:60])
    key, values = given[0], body[given[0]]
    kind: type = str if key == "strategy_ids" else dict
    if (
        not isinstance(values, list)
        or not 1 <= len(values) <= MOST
        or not all(isinstance(v, kind) for v in values)
    ):
        what = "texts" if kind is str else "objects"
        raise invalid_body(f"{key}: must be a list of 1 to {MOST} {what}", key)
    name = "strategy_id" if kind is str else "strategy_json"
    return [{name: value} for value in values]


async def _ran(
    request: AnyRequest, floor: Floor, body: dict[str, Any], named: list[dict[str, Any]], name: str | None
) -> BulkRan:
    shared = {key: value for key, value in body.items() if key in (*SHARED, *EXECUTION) and value is not None}
    wanted: list[Submission | str] = []
    for strategy in named:
        wanted.append(await _one(request, floor, {**shared, **strategy}))
    jobs = [one for one in wanted if isinstance(one, Submission)]
    found: dict[str, Any] = {"results": [], "data_fetches": 0, "seconds": 0.0}
    job_id = None
    if jobs:
        job_id, found = await _done(request, floor, jobs, name)
    results = iter(found["results"])
    return BulkRan(
        success=True,
        job_id=job_id,
        results=[_item(asked, one, results) for asked, one in zip(named, wanted, strict=True)],
        data_fetches=found["data_fetches"],
        total_execution_time_seconds=found["seconds"],
    )


async def _one(request: AnyRequest, floor: Floor, body: dict[str, Any]) -> Submission | str:
    """The run of one strategy, or what is wrong with it. Raises Failure for what is wrong with all of them."""
    try:
        return await wanted_of(request, floor, body)
    except NotFound as error:
        return str(error)
    except Failure as failure:
        if isinstance(failure.__cause__, BadInput) and (failure.field or "").partition(".")[0] in (
            *SHARED,
            *EXECUTION,
        ):
            raise
        return failure.details or failure.error


async def _done(
    request: AnyRequest, floor: Floor, jobs: list[Submission], name: str | None
) -> tuple[str, dict[str, Any]]:
    """The job's id and result. Raises Failure 503 while there is no worker, or when it takes too long."""
    caller = caller_of(request)
    if not await somebody_works(floor):
        raise warming("no worker takes jobs at the moment", None)
    bulk = Submission(
        KIND, f"{len(jobs)} strategies", {"requests": [dict(job.request) for job in jobs]}, queue="backtest"
    )
    job_id = await submit(floor.pool, caller.org_id, bulk, caller.name, once=name)
    job = await ended(floor, caller.org_id, job_id, WAIT_S)
    if not job.over:
        raise warming("it is still running", job_id)
    if job.result is None:
        raise Failure(
            503, "the run failed", code="BACKTEST_FAILED", details=job.error, backtest_id=str(job_id)
        )
    return str(job_id), job.result


def _item(asked: dict[str, Any], one: Submission | str, results: Any) -> BulkItem:
    strategy_id = asked.get("strategy_id")
    if isinstance(one, str):
        return BulkItem(
            success=False, strategy_id=strategy_id, strategy_name=None, metrics=None, trade_count=0,
            execution_time_seconds=0.0, error=one,
        )  # fmt: skip
    return BulkItem(**next(results), strategy_id=strategy_id)


HANDLERS = [run_bulk]
