"""The sockets: ``/api/v1/ws``, one backtest's, and AlphaPulse's four channels."""

from typing import Any
from uuid import UUID

from litestar import WebSocket, websocket
from litestar.params import FromPath

from api.floor import Floor, TheFloor
from api.ws.account import Accounts
from api.ws.channels import Account, Channel, ChannelSocket
from api.ws.premises import Premises
from api.ws.socket import Conversation
from api.ws.watching import Watching
from db.sessions import known


@websocket("/api/v1/ws", public=True)
async def live(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """Authenticates by header, ``?ticket=`` or first frame; ``?last_seq=N`` resumes after event N."""
    await Conversation(socket, _premises(socket, floor)).run()


@websocket("/ws/backtests/{job_id:str}", public=True)
async def watch_backtest(socket: WebSocket[Any, Any, Any], floor: TheFloor, job_id: FromPath[str]) -> None:
    """One backtest as it goes; closes with 1000 at its end. Authenticates as ``live`` does, or with the job's ticket."""
    try:
        job = UUID(job_id)
    except ValueError:
        job = UUID(int=0)  # nobody's: told so once it is known who asks
    await Watching(socket, _premises(socket, floor), floor.pool, floor.listening, job).run()


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
    await ChannelSocket(socket, _premises(socket, floor), channel, account).run()


def _premises(socket: WebSocket[Any, Any, Any], floor: Floor) -> Premises:
    state = socket.app.state
    if "premises" not in state:
        state["premises"] = Premises(
            hub=floor.hub,
            keys=floor.keys,
            door=floor.doorman,
            turnstile=floor.turnstile,
            known=lambda ids: known(floor.pool, ids),
            origins=state["origins"],
            write_s=floor.write_s,
        )
    found: Premises = state["premises"]
    return found


def _accounts(socket: WebSocket[Any, Any, Any], floor: Floor) -> Accounts:
    state = socket.app.state
    if "accounts" not in state:
        state["accounts"] = Accounts(floor)
    found: Accounts = state["accounts"]
    return found


HANDLERS = [live, watch_backtest, metrics, alerts, portfolio, trades]
