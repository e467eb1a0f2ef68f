"""``/api/v1/execution``: trading sessions as accounts, what they hold, and what came of what they held."""

from typing import Annotated
from uuid import UUID

from litestar import get, post, put
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.amounts import Number
from api.bodies import Body, read_body
from api.commands import build, carry_out
from api.encoding import Answer
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.paging import Walk
from api.params import Anchor, one_of, read_choice, read_id
from api.requests import AnyRequest
from api.shapes.execution import (
    Account,
    AccountList,
    ClosedList,
    Held,
    HeldList,
    OneAccount,
    OneHeld,
    account_of,
    closed,
    held,
)
from db.reads import accounts as reads
from openoutcry.strategy.naming import asset as read_asset
from openoutcry.strategy.naming import instrument
from openoutcry.types.commands import PauseSession, ResumeSession, StartSession
from openoutcry.types.symbols import parse_symbol

OPEN_OR_CLOSED, ENDS = ("open", "closed"), ("win", "loss")

TYPES = ("paper", "live")
Skip = Annotated[int, QueryParameter(ge=0, le=1_000_000, description="How many to skip.", required=False)]
Limit = Annotated[
    int, QueryParameter(ge=1, le=1000, description="At most this many (default 100).", required=False)
]
AccountId = Annotated[str | None, QueryParameter(description="Only of this account.", required=False)]
AssetFilter = Annotated[
    str | None, QueryParameter(description="Only of this asset: BTC or BTC/USDT.", required=False)
]


class NewAccount(Body, frozen=True, kw_only=True):
    """A paper or live account trades one asset: it is a trading session."""

    asset: str
    initial_balance: Number
    account_type: str = "paper"


class AccountChange(Body, frozen=True, kw_only=True):
    """``active`` false pauses the session (exits and protection go on), true resumes it."""

    active: bool


@get("/api/v1/execution/accounts", tags=["execution"])
async def list_accounts(
    request: AnyRequest, floor: TheFloor, skip: Skip = 0, limit: Limit = 100, anchor: Anchor = None
) -> AccountList:
    """Trading sessions as accounts, those that run first."""
    walk = await Walk.of(request, floor, skip, anchor, "skip")
    rows = await reads.accounts(
        floor.pool, caller_of(request).org_id, limit=limit, offset=skip, snapshot=walk.snapshot
    )
    walk.left(rows, limit)
    return AccountList(success=True, accounts=[account_of(row) for row in rows], skip=skip, limit=limit)


@post(
    "/api/v1/execution/accounts",
    tags=["execution"],
    role="trader",
    permission="execute_trades",
    body=NewAccount,
    idempotent=True,
    example={"asset": "BTC", "initial_balance": 10000.0, "account_type": "paper"},
)
async def open_account(request: AnyRequest, floor: TheFloor) -> Answer[OneAccount]:
    """Open an account: start a trading session, as `POST /trade/start` does."""
    wanted = await read_body(request, NewAccount)
    if wanted.initial_balance <= 0:
        raise invalid_body("initial_balance must be greater than zero", "initial_balance")
    kind = read_choice(wanted.account_type, "account_type", TYPES) or "paper"
    command = build(
        StartSession,
        {
            "symbol": str(instrument(read_asset(wanted.asset), "long")),
            "initial_capital": wanted.initial_balance,
            "mode": kind.upper(),
        },
    )

    async def begin(key: str | None) -> OneAccount:
        result = await carry_out(request, floor, command, key)
        return _one(await _account(request, floor, str(result["session_id"])))

    return await once(request, floor, command, begin, status=201)


@get("/api/v1/execution/accounts/{id:str}", tags=["execution"])
async def get_account(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> OneAccount:
    """One account."""
    return _one(await _account(request, floor, id))


@put(
    "/api/v1/execution/accounts/{id:str}",
    tags=["execution"],
    role="trader",
    permission="execute_trades",
    body=AccountChange,
    idempotent=True,
    example={"active": False},
)
async def change_account(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Answer[OneAccount]:
    """Pause an account's entries, or let them go on."""
    wanted = await read_body(request, AccountChange)
    account = await _account(request, floor, id)
    kind = ResumeSession if wanted.active else PauseSession
    command = kind(session_id=str(account.id))

    async def change(key: str | None) -> OneAccount:
        if account.active != wanted.active:
            await carry_out(request, floor, command, key)
        return _one(await _account(request, floor, id))

    return await once(request, floor, command, change)


@get("/api/v1/execution/positions", tags=["execution"])
async def list_positions(
    request: AnyRequest,
    floor: TheFloor,
    account_id: AccountId = None,
    status: Annotated[str | None, one_of(OPEN_OR_CLOSED)] = None,
    asset: AssetFilter = None,
    skip: Skip = 0,
    limit: Limit = 100,
    anchor: Anchor = None,
) -> HeldList:
    """Positions of every account, newest first."""
    state = read_choice(status, "status", OPEN_OR_CLOSED)
    walk = await Walk.of(request, floor, skip, anchor, "skip")
    rows = await reads.positions(
        floor.pool,
        caller_of(request).org_id,
        account_id=_id(account_id),
        is_open=None if state is None else state == "open",
        asset=_base(asset),
        limit=limit,
        offset=skip,
        snapshot=walk.snapshot,
    )
    walk.left(rows, limit)
    return HeldList(success=True, positions=[held(row) for row in rows], skip=skip, limit=limit)


@get("/api/v1/execution/positions/{id:str}", tags=["execution"])
async def get_position(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> OneHeld:
    """One position, open or closed."""
    position_id = read_id(id, "position")
    rows = await reads.positions(floor.pool, caller_of(request).org_id, position_id=position_id, limit=1)
    if not rows:
        raise Failure(404, "position not found", position_id=id)
    found = held(rows[0])
    values = {field: getattr(found, field) for field in Held.__struct_fields__}
    return OneHeld(**values, success=True, position=found)


@get("/api/v1/execution/trades", tags=["execution"])
async def list_trades(
    request: AnyRequest,
    floor: TheFloor,
    account_id: AccountId = None,
    asset: AssetFilter = None,
    outcome: Annotated[str | None, one_of(ENDS)] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    anchor: Anchor = None,
) -> ClosedList:
    """Closed positions, newest first. Single executions are at `/api/v1/trades`."""
    walk = await Walk.of(request, floor, skip, anchor, "skip")
    rows = await reads.positions(
        floor.pool,
        caller_of(request).org_id,
        account_id=_id(account_id),
        is_open=False,
        asset=_base(asset),
        outcome=read_choice(outcome, "outcome", ENDS),
        limit=limit,
        offset=skip,
        snapshot=walk.snapshot,
    )
    walk.left(rows, limit)
    return ClosedList(success=True, trades=[closed(row) for row in rows], skip=skip, limit=limit)


async def _account(request: AnyRequest, floor: Floor, text: str) -> Account:
    account_id = read_id(text, "account")
    rows = await reads.accounts(floor.pool, caller_of(request).org_id, account_id=account_id, limit=1)
    if not rows:
        raise Failure(404, "account not found", account_id=text)
    return account_of(rows[0])


def _one(account: Account) -> OneAccount:
    values = {field: getattr(account, field) for field in Account.__struct_fields__}
    return OneAccount(**values, success=True, account=account)


def _id(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Failure(400, "invalid account_id format", field="account_id") from error


def _base(text: str | None) -> str | None:
    """The base of an asset or a symbol. Raises BadInput."""
    if text is None:
        return None
    name = read_asset(text)
    return parse_symbol(name).base if "/" in name else name


HANDLERS = [
    list_accounts, open_account, get_account, change_account, list_positions, get_position, list_trades,
]  # fmt: skip
