"""The sockets: ``/api/v1/ws``, one backtest's, and AlphaPulse's four channels."""

from typing import Any
from uuid import UUID

from litestar import WebSocket, websocket
from litestar.params import FromPath

from api.floor import Floor, TheFloor
from api.identity import presented_token
from api.ws.account import Accounts
from api.ws.channels import Account, Channel, ChannelSocket
from api.ws.socket import Conversation
from api.ws.watching import Watching


@websocket("/api/v1/ws", public=True)
async def live(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """Authenticates by header, ``?ticket=`` or first frame; ``?last_seq=N`` resumes after event N."""
    token = presented_token(socket.scope["headers"])
    ticket = socket.query_params.get("ticket")
    conversation = Conversation(socket, floor.hub, floor.keys, floor.doorman, floor.turnstile)
    await conversation.run(token, ticket if isinstance(ticket, str) else None, _last_seq(socket))


@websocket("/ws/backtests/{job_id:str}", public=True)
async def watch_backtest(socket: WebSocket[Any, Any, Any], floor: TheFloor, job_id: FromPath[str]) -> None:
    """One backtest as it goes; closes with 1000 at its end. Authenticates as ``live`` does, or with the job's ticket."""
    try:
        job = UUID(job_id)
    except ValueError:
        job = UUID(int=0)  # nobody's: told so once it is known who asks
    ticket = socket.query_params.get("ticket")
    watching = Watching(
        socket, floor.hub, floor.keys, floor.doorman, floor.turnstile, floor.pool, floor.listening, job
    )
    token = presented_token(socket.scope["headers"])
    await watching.run(token, ticket if isinstance(ticket, str) else None, None)


@websocket("/ws/metrics", public=True)
async def metrics(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """The account's figures after every change, at most once a second."""
    await _channel(socket, floor, "metrics", _accounts(socket, floor).metrics)


@websocket("/ws/alerts", public=True)
async def alerts(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """Every alert as it is raised; ``?last_seq=N`` resumes."""
    await _channel(socket, floor, "alerts")


@websocket("/ws/portfolio", public=True)
async def portfolio(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """What is held after every change, at most once a second."""
    await _channel(socket, floor, "portfolio", _accounts(socket, floor).portfolio)


@websocket("/ws/trades", public=True)
async def trades(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """Every execution; ``?last_seq=N`` resumes."""
    await _channel(socket, floor, "trades")


async def _channel(
    socket: WebSocket[Any, Any, Any], floor: Floor, channel: Channel, account: Account | None = None
) -> None:
    ticket = socket.query_params.get("ticket")
    following = ChannelSocket(socket, floor.hub, floor.keys, floor.doorman, floor.turnstile, channel, account)
    token = presented_token(socket.scope["headers"])
    await following.run(token, ticket if isinstance(ticket, str) else None, _last_seq(socket))


def _accounts(socket: WebSocket[Any, Any, Any], floor: Floor) -> Accounts:
    state = socket.app.state
    if "accounts" not in state:
        state["accounts"] = Accounts(floor)
    found: Accounts = state["accounts"]
    return found


def _last_seq(socket: WebSocket[Any, Any, Any]) -> int | None:
    text = socket.query_params.get("last_seq")
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)


HANDLERS = [live, watch_backtest, metrics, alerts, portfolio, trades]
