"""``/api/v1/ws``: the live stream."""

from typing import Any

from litestar import WebSocket, websocket

from api.floor import TheFloor
from api.identity import presented_token
from api.ws.socket import Conversation


@websocket("/api/v1/ws", public=True)
async def live(socket: WebSocket[Any, Any, Any], floor: TheFloor) -> None:
    """Authenticates by header, ``?ticket=`` or first frame; ``?last_seq=N`` resumes after event N."""
    token = presented_token(socket.scope["headers"])
    ticket = socket.query_params.get("ticket")
    conversation = Conversation(socket, floor.hub, floor.keys, floor.doorman, floor.turnstile)
    await conversation.run(token, ticket if isinstance(ticket, str) else None, _last_seq(socket))


def _last_seq(socket: WebSocket[Any, Any, Any]) -> int | None:
    text = socket.query_params.get("last_seq")
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)


HANDLERS = [live]
