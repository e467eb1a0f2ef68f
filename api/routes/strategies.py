"""``/api/v1/strategies``: list, make, look, change, delete. One answer for TradAI's clients and Mangrove's."""

from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, PathParameter, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, Body, given, read_body
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.listing import Asked, page_of
from api.params import Anchor, one_of
from api.registrar import asking, defined, org_of, reserved, shown, told, under, whole_of
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.described import ExecutionConfig, Parameters, Rules, RuleSet
from api.shapes.strategies import SESSION_TAG, OneStrategy, StrategyList, item
from db.strategies import creating, finding, standing, updating
from db.strategies.listing import SORTS
from db.strategies.rows import StoredStrategy
from openoutcry.errors import NotFound
from openoutcry.strategy.definition import Definition
from openoutcry.strategy.lifecycle import STATUSES, read_status
from openoutcry.strategy.semver import FIRST
from openoutcry.strategy.strict import BadStrategy

Name = Annotated[str, PathParameter(description="The strategy's id or name.")]
ASIDE = ("status", "session_id", "version", "tags", "exchange", "parent_strategy_id", "notes", "reason")
"""Fields of a new strategy that say where it stands, not what it is."""
RULES = ("asset", "entry", "exit", "reward_factor", "relaxed", "side")
CODE_MARKS = ("entry_point", "parameters", "category", "timeframe")
RSI_OVERSOLD: dict[str, Any] = {
    "name": "rsi_oversold",
    "signal_type": "TRIGGER",
    "timeframe": "1h",
    "params": {"window": 14, "threshold": 30},
}
ABOVE_SMA = {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 50}}
RULE_EXAMPLE: dict[str, Any] = {
    "name": "BTC RSI Strategy",
    "asset": "BTC",
    "entry": [RSI_OVERSOLD, ABOVE_SMA],
    "exit": [],
    "reward_factor": 2.0,
}


class NewStrategy(Body, frozen=True, kw_only=True):
    """A rules strategy (it has ``asset`` and ``entry``) or a code strategy (it has an ``entry_point``)."""

    name: str | None = None
    asset: str | None = None
    entry: Rules | None = None
    exit: Rules | None = None
    reward_factor: float | None = None
    execution_config: ExecutionConfig | None = None
    relaxed: bool | None = None
    side: str | None = None
    description: str | None = None
    strategy_type: str | None = None
    created_at: str | None = None
    entry_point: str | None = None
    parameters: Parameters | None = None
    timeframe: str | None = None
    category: str | None = None
    status: str | None = None
    session_id: str | None = None
    version: str | None = None
    tags: dict[str, str] | None = None
    exchange: str | None = None
    parent_strategy_id: str | None = None
    notes: str | None = None
    reason: str | None = None


class StrategyChange(Body, frozen=True, kw_only=True):
    """What is to be another; what is left out stays. With ``revision`` only if nobody changed it since."""

    name: str | None = None
    asset: str | None = None
    rules: RuleSet | None = None
    execution_config: ExecutionConfig | None = None
    parameters: Parameters | None = None
    description: str | None = None
    exchange: str | None = None
    revision: int | None = None
    reason: str | None = None


class Deleted(Shape, frozen=True, kw_only=True):
    """The strategy is out of the lists; its rows and its history are kept."""

    success: bool
    message: str
    strategy_id: str
    archived: bool


@get("/api/v1/strategies", tags=["strategies"], permission="strategy:read")
async def list_strategies(
    request: AnyRequest,
    floor: TheFloor,
    stage: Annotated[
        str | None, QueryParameter(description="With a version in dev, staging or prod.", required=False)
    ] = None,
    status: Annotated[
        str | None,
        one_of(STATUSES),
    ] = None,
    exchange: Annotated[
        str | None, QueryParameter(description="Tried on this exchange.", required=False)
    ] = None,
    timeframe: Annotated[
        str | None, QueryParameter(description="Bars of this length.", required=False)
    ] = None,
    asset: Annotated[str | None, QueryParameter(description="Trading this asset.", required=False)] = None,
    strategy_type: Annotated[str | None, QueryParameter(description="Of this type.", required=False)] = None,
    search: Annotated[
        str | None, QueryParameter(description="A word in name, description or asset.", required=False)
    ] = None,
    min_sharpe: Annotated[
        float | None, QueryParameter(description="Least Sharpe ratio.", required=False)
    ] = None,
    max_drawdown: Annotated[
        float | None,
        QueryParameter(description="Largest drawdown: 0.2, -0.2 and 20 are all 20 %.", required=False),
    ] = None,
    include_archived: Annotated[
        bool, QueryParameter(description="Archived ones too.", required=False)
    ] = False,
    sort_by: Annotated[
        str | None,
        one_of(SORTS),
    ] = None,
    sort_order: Annotated[str | None, QueryParameter(description="asc or desc.", required=False)] = None,
    limit: Annotated[
        int | None, QueryParameter(description="At most this many (1 to 100).", required=False)
    ] = None,
    skip: Annotated[int | None, QueryParameter(description="How many to skip.", required=False)] = None,
    offset: Annotated[int | None, QueryParameter(description="The same as skip.", required=False)] = None,
    anchor: Anchor = None,
) -> StrategyList:
    """Strategies with the version in force, newest first unless sorted. `skip` and `offset` are the same."""
    asked = Asked(
        stage=stage, status=status, exchange=exchange, timeframe=timeframe, asset=asset,
        strategy_type=strategy_type, search=search, min_sharpe=min_sharpe, max_drawdown=max_drawdown,
        include_archived=include_archived, sort_by=sort_by, sort_order=sort_order, limit=limit, skip=skip,
        offset=offset, anchor=anchor,
    )  # fmt: skip
    page, query = await page_of(request, floor, asked, "created")
    return StrategyList(
        success=True,
        strategies=[item(one.strategy, one.version) for one in page.items],
        total=page.total,
        limit=query.limit,
        skip=query.offset,
        offset=query.offset,
    )


@post(
    "/api/v1/strategies",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:create",
    body=NewStrategy,
    errors=(404,),
    example=RULE_EXAMPLE,
)
@kept
async def create_strategy(request: AnyRequest, floor: TheFloor) -> OneStrategy:
    """Register a strategy in dev; with a `version` that the strategy of this name has not, another version of it.

    `errors` names everything that is wrong with one.
    """
    body = given(await read_body(request, NewStrategy, PLAIN))
    what = {key: value for key, value in body.items() if key not in ASIDE}
    _complete(what)
    definition = defined(floor, what)
    if "version" in body and (known := await _named(request, floor, definition.name)):
        return await _version(request, floor, known, definition, body)
    made = await creating.create(
        floor.pool,
        org_of(request),
        definition,
        asking(request, body.get("reason")),
        version=body.get("version", FIRST),
        status=read_status(body.get("status", "inactive")),
        exchange=body.get("exchange", floor.run.exchange),
        parent=body.get("parent_strategy_id"),
        tags={**body.get("tags", {}), **_session(body)},
        notes=body.get("notes", ""),
        reserved=await reserved(floor),
        owner=str(caller_of(request).id),
    )
    return await whole_of(request, floor, str(made.id))


@get("/api/v1/strategies/{name:str}", tags=["strategies"], permission="strategy:read")
async def get_strategy(request: AnyRequest, floor: TheFloor, name: Name) -> OneStrategy:
    """One strategy by id or name, with rules, execution and every version."""
    return await whole_of(request, floor, name)


@put(
    "/api/v1/strategies/{name:str}",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:create",
    body=StrategyChange,
    example={"rules": {**RULE_EXAMPLE, "reward_factor": 3.0}, "execution_config": {"cooldown_bars": 12}},
)
@kept
async def update_strategy(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> OneStrategy:
    """Change a strategy. Other rules are a new version; what was stored of the old one stays."""
    body = given(await read_body(request, StrategyChange, PLAIN))
    definition = await _redefined(request, floor, name, body)
    changed = await updating.update(
        floor.pool,
        org_of(request),
        name,
        asking(request, body.get("reason")),
        new_name=body.get("name"),
        description=body.get("description"),
        exchange=body.get("exchange"),
        definition=definition,
        expected=body.get("revision"),
    )
    return await whole_of(request, floor, str(changed.id))


@delete(
    "/api/v1/strategies/{name:str}",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:delete",
    status_code=200,
)
@kept
async def delete_strategy(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> Deleted:
    """Archive a strategy: its owner alone may. It leaves the floor and the default list."""
    found = await finding.find(floor.pool, org_of(request), name)
    if found.owner != str(caller_of(request).id):
        raise Failure(
            403,
            "only the owner of a strategy may delete it",
            code="PERMISSION_DENIED",
            details="POST /archive puts it away without deleting it",
        )
    await standing.set_status(
        floor.pool,
        org_of(request),
        str(found.id),
        "archived",
        asking(request),
        reserved=await reserved(floor),
    )
    return Deleted(
        success=True, message=f"{found.name} is archived", strategy_id=str(found.id), archived=True
    )


async def _named(request: AnyRequest, floor: Floor, name: str) -> StoredStrategy | None:
    try:
        return await finding.find(floor.pool, org_of(request), name)
    except NotFound:
        return None


async def _version(
    request: AnyRequest, floor: Floor, known: StoredStrategy, definition: Definition, body: dict[str, Any]
) -> OneStrategy:
    """Add a version to a strategy there is, and answer with it. Raises Conflict for a number that exists."""
    added = await creating.new_version(
        floor.pool,
        org_of(request),
        str(known.id),
        definition,
        asking(request, body.get("reason")),
        version=body["version"],
        tags={**body.get("tags", {}), **_session(body)},
        notes=body.get("notes", ""),
    )
    strategy, _, versions = await shown(request, floor, str(known.id))
    return await told(floor, strategy, added, versions)


def _complete(body: dict[str, Any]) -> None:
    """Raises Failure 400 with every required field that is missing, before anything else is looked at."""
    code = not {"asset", "entry"} & body.keys() and any(mark in body for mark in CODE_MARKS)
    required = ("name", "entry_point") if code else ("name", "asset", "entry")
    missing = [field for field in required if field not in body]
    if missing:
        raise Failure(
            400, f"Missing required fields: {', '.join(missing)}", code="MISSING_FIELD", field=missing[0]
        )


def _session(body: dict[str, Any]) -> dict[str, str]:
    return {SESSION_TAG: body["session_id"]} if "session_id" in body else {}


async def _redefined(request: AnyRequest, floor: Floor, name: str, body: dict[str, Any]) -> Definition | None:
    """The definition after a change; None when what the strategy is was not asked to change."""
    if not {"asset", "rules", "execution_config", "parameters"} & body.keys():
        return None
    strategy, version, _ = await shown(request, floor, name)
    now = {**version.body, "name": body.get("name", strategy.name)}
    if "description" in body:
        now["description"] = body["description"]
    if "parameters" in body:
        now["parameters"] = body["parameters"]
    rules = {key: value for key, value in body.get("rules", {}).items() if key != "name"}
    if unknown := next((key for key in rules if key not in RULES), None):
        raise invalid_body(f"rules.{unknown}: rules have {', '.join(RULES)}", f"rules.{unknown}")
    config = {**(now.get("execution_config") or {}), **body.get("execution_config", {})}
    factor = rules.get("reward_factor", body.get("execution_config", {}).get("reward_factor"))
    if factor is not None:
        rules["reward_factor"] = factor
        if "reward_factor" not in body.get("execution_config", {}):
            config["reward_factor"] = factor
    if "asset" in body:
        rules["asset"] = body["asset"]
    try:
        return defined(floor, {**now, **rules, **({"execution_config": config} if config else {})})
    except BadStrategy as error:
        raise under(error, "rules", ("entry", "exit", "relaxed", "side")) from error


HANDLERS = [list_strategies, create_strategy, get_strategy, update_strategy, delete_strategy]
