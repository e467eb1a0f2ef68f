"""``/api/v1/execution/evaluate`` and ``/portfolio``: what strategies would do now, and how they stand."""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, Body, read_body
from api.encoding import ENCODER
from api.evaluating import Subject, evaluated
from api.failures import Failure, invalid_body, invalid_query
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.market import now, series_of
from api.registrar import asking, shown, under
from api.requests import AnyRequest
from api.routes.strategies import RULE_EXAMPLE
from api.shapes.base import Shape
from api.shapes.described import Holding, RuleSet
from api.shapes.execution import Closed, Evaluation, closed, failed, held
from api.shapes.strategies import AccountState, account_state
from db.candles import Series
from db.reads import accounts as reads
from db.strategies import evaluations
from db.strategies.correcting import account
from db.strategies.rows import StoredStrategy, StoredVersion
from openoutcry.errors import NotFound, OpenOutcryError
from openoutcry.strategy.account import execution_state
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.strategy.strict import BadStrategy
from openoutcry.types.amounts import parse_amount

MOST = 100
RECENT = 5
STRATEGY_PARTS = (
    "name", "asset", "entry", "exit", "reward_factor", "execution_config", "relaxed", "side", "description",
    "strategy_type", "created_at", "strategy",
)  # fmt: skip


class Persist(Body, frozen=True, kw_only=True):
    """``persist`` keeps the evaluation in the strategy's history. It places no order: the floor's rounds do."""

    persist: bool = True


class Inline(Body, frozen=True, kw_only=True):
    """A strategy that is not registered; ``open_positions`` is how many it is to be taken to hold."""

    strategy: RuleSet
    persist: bool = False
    open_positions: int | list[Holding] | None = None


class Several(Body, frozen=True, kw_only=True):
    """Up to a hundred registered strategies, by id or name."""

    strategy_ids: list[str]
    persist: bool = True


class Evaluations(Shape, frozen=True, kw_only=True):
    """One result for each that was asked for, in that order; ``data_fetches`` counts the series read."""

    success: bool
    results: list[Evaluation]
    data_fetches: int
    total_execution_time_seconds: float


class Standing(Shape, frozen=True, kw_only=True):
    """How one strategy stands. ``last_evaluated_at`` is by a caller, or by a round of the floor (market time)."""

    strategy_id: UUID
    strategy_name: str
    asset: str | None
    status: Literal["draft", "inactive", "paper", "live", "archived"]
    execution_state: AccountState | None
    last_evaluated_at: datetime | None
    open_positions_count: int
    recent_trades: list[Closed]


class Portfolio(Shape, frozen=True, kw_only=True):
    """Strategies in the order asked for; ``missing`` are those there are not."""

    success: bool
    results: list[Standing]
    missing: list[str]


@post(
    "/api/v1/execution/evaluate",
    tags=["execution"],
    errors=(404,),
    body=Inline,
    example={"strategy": RULE_EXAMPLE, "persist": False},
    status_code=200,
)
async def evaluate_inline(request: AnyRequest, floor: TheFloor) -> Evaluation:
    """Evaluate a strategy that is not registered, on an account of its own initial balance."""
    body = await read_body(request, Inline, PLAIN)
    if body.persist:
        what = (
            "with open_positions"
            if body.open_positions is not None
            else "for a strategy that is not registered"
        )
        raise invalid_body(f"persist: cannot be {what}; create it and evaluate it by its id", "persist")
    try:
        strategy = parse_strategy(body.strategy, floor.trading.read())
    except BadStrategy as error:
        raise under(error, "strategy", STRATEGY_PARTS) from error
    given = body.open_positions
    count = len(given) if isinstance(given, list) else given or 0
    if not 0 <= count <= 1000:
        raise invalid_body("open_positions: must be from 0 to 1000", "open_positions")
    balance = parse_amount(str(strategy.execution_config.initial_balance))
    subject = Subject(strategy, strategy.title, execution_state(balance, ()), open_count=count)
    return await evaluated(floor, subject, await series_of(floor), await now(floor), persisted=False)


@post(
    "/api/v1/execution/evaluate/bulk",
    tags=["execution"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=Several,
    example={"strategy_ids": ["278bba9d-7f4c-476c-9dea-a1a44f1fcfba"], "persist": True},
    status_code=200,
)
@kept
async def evaluate_bulk(request: AnyRequest, floor: TheFloor) -> Evaluations:
    """Evaluate several strategies; one that cannot be has its `error`, the others go on."""
    began = perf_counter()
    body = await read_body(request, Several, PLAIN)
    if not 1 <= len(body.strategy_ids) <= MOST:
        raise invalid_body(f"strategy_ids: 1 to {MOST} ids", "strategy_ids")
    stored, at = await series_of(floor), await now(floor)
    results: list[Evaluation] = []
    for name in body.strategy_ids:
        try:
            results.append(await _registered(request, floor, name, stored, at, body.persist))
        except (Failure, OpenOutcryError) as error:
            told = error.details or error.error if isinstance(error, Failure) else str(error)
            results.append(failed(name[:100], told))
    read = {one.asset for one in results if one.asset is not None}
    return Evaluations(
        success=all(one.success for one in results),
        results=results,
        data_fetches=len(read),
        total_execution_time_seconds=round(perf_counter() - began, 6),
    )


@post(
    "/api/v1/execution/evaluate/{id:str}",
    tags=["execution"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=Persist,
    example={"persist": True},
    status_code=200,
)
@kept
async def evaluate(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Evaluation:
    """Evaluate a registered strategy at the last closed bar. Its orders are proposals: rounds alone place orders."""
    body = await read_body(request, Persist)
    return await _registered(request, floor, id, await series_of(floor), await now(floor), body.persist)


@get("/api/v1/execution/portfolio", tags=["execution"], permission="strategy:read")
async def portfolio(
    request: AnyRequest,
    floor: TheFloor,
    strategy_ids: Annotated[str, QueryParameter(description="Up to 100 ids or names, separated by commas.")],
) -> Portfolio:
    """How strategies stand: account, open positions, last evaluation, and their five newest closed trades."""
    names = list(dict.fromkeys(part.strip() for part in strategy_ids.split(",") if part.strip()))
    if not 1 <= len(names) <= MOST:
        raise invalid_query(f"strategy_ids: 1 to {MOST} ids", "strategy_ids")
    found: list[tuple[StoredStrategy, StoredVersion]] = []
    missing = []
    for name in names:
        try:
            strategy, version, _ = await shown(request, floor, name)
            found.append((strategy, version))
        except NotFound:
            missing.append(name[:100])
    org_id = caller_of(request).org_id
    seen = await evaluations.last(floor.pool, org_id, [strategy.id for strategy, _ in found])
    results = [await _standing(floor, org_id, one, version, seen.get(one.id)) for one, version in found]
    return Portfolio(success=True, results=results, missing=missing)


async def _standing(
    floor: Floor, org_id: UUID, strategy: StoredStrategy, version: StoredVersion, at: datetime | None
) -> Standing:
    state = await account(floor.pool, strategy, version)
    trades = await reads.positions(floor.pool, org_id, strategy_id=strategy.id, is_open=False, limit=RECENT)
    return Standing(
        strategy_id=strategy.id,
        strategy_name=strategy.name,
        asset=strategy.asset,
        status=strategy.status,
        execution_state=None if state is None else account_state(state),
        last_evaluated_at=at,
        open_positions_count=0 if state is None else state.num_open_positions,
        recent_trades=[closed(row) for row in trades],
    )


async def _registered(
    request: AnyRequest, floor: Floor, name: str, stored: Sequence[Series], at: datetime, persist: bool
) -> Evaluation:
    strategy, version, _ = await shown(request, floor, name)
    state = await account(floor.pool, strategy, version)
    if state is None:
        raise Failure(
            409,
            "conflict",
            details=f"{strategy.name} is a code strategy: only rules are evaluated here",
            field="id",
        )
    rules: RuleStrategy = parse_strategy(version.body, floor.trading.read())
    org_id = caller_of(request).org_id
    rows = await reads.positions(floor.pool, org_id, strategy_id=strategy.id, is_open=True)
    subject = Subject(
        rules,
        strategy.name,
        state,
        [held(row) for row in rows],
        state.num_open_positions,
        strategy.id,
        version.version,
    )
    found = await evaluated(floor, subject, stored, at, persisted=persist)
    if found.persisted:
        kept = msgspec.json.decode(ENCODER.encode(found))
        by = asking(request)
        await evaluations.keep(floor.pool, org_id, strategy.id, version.version, by, kept)
    return found


HANDLERS = [evaluate_inline, evaluate_bulk, evaluate, portfolio]
