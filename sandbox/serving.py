"""The exchange on the network: REST and WebSockets of both venues on one port, and the control API beside them."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import WSMsgType, web

from sandbox import control
from sandbox.dispatch import Answer, Asked, answer, answer_method
from sandbox.faults import Fault, spoiled
from sandbox.refusal import Refusal
from sandbox.running import Running
from sandbox.streams import Listener

TICK_S = 0.1
MOST_BODY = 64 * 1024
MOST_STREAMS = 1_024
PING_S = 20.0


class Server:
    """Answers for one running exchange."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.exchange = running.exchange
        self.faults = running.faults
        self.limits = running.limits
        self.hub = running.hub

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BODY)
        app.add_routes(control.routes(self.running))
        app.router.add_get("/ws-api/v3", self._spot_api)
        app.router.add_get("/ws-fapi/v1", self._perp_api)
        for prefix, handler in (
            ("/fstream", self._perp_stream),
            ("", self._spot_stream),
            ("/stream", self._spot_stream),
        ):
            for path in ("/ws", "/ws/{name:.*}", "/stream"):
                app.router.add_get(prefix + path, handler)
        for category in ("public", "market", "private"):
            app.router.add_get(f"/fstream/{category}/ws", self._perp_stream)
            app.router.add_get(f"/fstream/{category}/ws/{{name:.*}}", self._perp_stream)
        app.router.add_route("*", "/{path:.*}", self._rest)
        app.cleanup_ctx.append(self._ticking)
        return app

    async def _ticking(self, app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tick())
        yield
        task.cancel()
        for listener in list(self.hub.listeners):
            listener.close()
        with suppress(asyncio.CancelledError):
            await task

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.advance()

    def advance(self) -> None:
        """Let the markets move and tell everybody."""
        self.exchange.tick()
        self.hub.flush()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        method, path = request.method, request.path
        known = request.raw_path.partition("?")[2]
        symbol = symbol_of(known) or symbol_of(body)
        rule = self.faults.for_request(method, path, symbol) if self.faults.rules else None
        asked = Asked(method, path, known, body, request.headers.get("X-MBX-APIKEY"), request.remote or "")
        if rule is not None and rule.kind == "limited":
            now = self.exchange.clock.now()
            until = now + int(rule.seconds * 1000)
            self.limits.ban(asked.address, until, now)
            status = 418 if rule.status == 418 else 429
            banned = Refusal(-1003, "Too many requests; current limit is exhausted.", status)
            self._note(asked, status)
            return json_answer(Answer(status, banned.body(), {"Retry-After": str(-(-(until - now) // 1000))}))
        given = Answer(200, {}) if rule is not None and not rule.accept else self._answered(asked, rule)
        self._note(asked, given.status)
        return await self._spoil(request, rule, given) if rule is not None else json_answer(given)

    def _answered(self, asked: Asked, rule: Fault | None) -> Answer:
        if asked.path.endswith("/depth"):
            self.advance()  # or the levels shown would be newer than the update number beside them
        venues = self.exchange.spot, self.exchange.perp
        before = [len(venue.accepted) for venue in venues]
        known = set(self.exchange.algos.all)
        given = answer(self.exchange, self.limits, asked)
        hidden_s = 0.0 if rule is None else rule.seconds if rule.kind == "birth" else rule.born
        if hidden_s:
            until_ms = self.exchange.clock.now() + int(hidden_s * 1000)
            for venue, count in zip(venues, before, strict=True):
                for _, order in venue.accepted[count:]:
                    order.born_ms = until_ms
            for number in self.exchange.algos.all.keys() - known:
                self.exchange.algos.all[number].born_ms = until_ms
        self.hub.flush()
        return given

    def _note(self, asked: Asked, status: int) -> None:
        self.running.note(asked.method, asked.path, status)

    async def _spoil(self, request: web.Request, rule: Fault, given: Answer) -> web.StreamResponse:
        """Answer as the rule wants it. Rules that answer nothing leave the connection broken."""
        match rule.kind:
            case "hang":
                await asyncio.sleep(rule.seconds or 3_600.0)
            case "reset" | "close":
                drop(request, reset=rule.kind == "reset")
            case "slow":
                await asyncio.sleep(rule.seconds)
                return json_answer(given)
            case "status":
                return web.Response(status=rule.status, text=rule.body)
            case "code":
                body = {"code": rule.code, "msg": rule.message}
                status = rule.status if "status" in rule.model_fields_set else 400
                return web.json_response(body, status=status)
            case "cut" | "drip":
                return await trickled(request, rule, json.dumps(given.value).encode())
        kind = "text/html" if rule.kind == "html" else "application/json"
        return web.Response(body=spoiled(rule, given.value), status=given.status, content_type=kind)

    async def _spot_api(self, request: web.Request) -> web.WebSocketResponse:
        return await self._api(request, "spot")

    async def _perp_api(self, request: web.Request) -> web.WebSocketResponse:
        return await self._api(request, "perp")

    async def _spot_stream(self, request: web.Request) -> web.WebSocketResponse:
        return await self._stream(request, "spot")

    async def _perp_stream(self, request: web.Request) -> web.WebSocketResponse:
        return await self._stream(request, "perp")

    async def _stream(self, request: web.Request, kind: str) -> web.WebSocketResponse:
        combined = request.path.endswith("/stream")
        key = request.query.get("listenKey") or request.match_info.get("name", "")
        now = self.exchange.clock.now()
        users = self.exchange.accounts.by_name.values()
        user = next((one for one in users if key and one.hears(key, now)), None)
        async with self._listening(request, kind, combined=combined) as listener:
            if user is not None:
                listener.user, listener.listen_key = user.name, key
            names = request.query.get("streams", "" if user or "@" not in key else key)
            listener.streams |= {name for name in names.split("/") if name}
            async for message in listener.socket:
                if message.type is WSMsgType.TEXT:
                    listener.send(json.dumps(subscribed(listener, message.data)))
        return listener.socket

    async def _api(self, request: web.Request, kind: str) -> web.WebSocketResponse:
        async with self._listening(request, kind) as listener:
            async for message in listener.socket:
                if message.type is WSMsgType.TEXT:
                    listener.send(
                        json.dumps(self._method(listener, kind, message.data, request.remote or ""))
                    )
                    self.hub.flush()
        return listener.socket

    def _method(self, listener: Listener, kind: str, text: str, address: str) -> dict[str, object]:
        asked = parsed(text)
        if asked is None or not isinstance(asked.get("method"), str):
            return {"id": None, "status": 400, "error": Refusal(-1135, "Invalid request.").body()}
        values = asked.get("params") or {}
        params = (
            {str(name): as_text(value) for name, value in values.items()} if isinstance(values, dict) else {}
        )
        method = str(asked["method"])
        if method == "userDataStream.subscribe.signature":
            given = answer_method(self.exchange, self.limits, kind, "account.status", params, address)
            if given.status == 200 and given.user is not None:
                listener.user, listener.wrapped = given.user.name, True
                given = Answer(200, {"subscriptionId": 0})
        else:
            given = answer_method(self.exchange, self.limits, kind, method, params, address)
        word = "result" if given.status == 200 else "error"
        return {"id": asked.get("id"), "status": given.status, word: given.value, "rateLimits": []}

    @asynccontextmanager
    async def _listening(
        self, request: web.Request, kind: str, *, combined: bool = False
    ) -> AsyncIterator[Listener]:
        ws = web.WebSocketResponse(heartbeat=PING_S, max_msg_size=MOST_BODY)
        await ws.prepare(request)
        listener = Listener(ws, kind, combined=combined)
        self.hub.listeners.add(listener)
        writer = asyncio.create_task(listener.write())
        try:
            yield listener
        finally:
            self.hub.listeners.discard(listener)
            writer.cancel()


def json_answer(given: Answer) -> web.Response:
    return web.json_response(given.value, status=given.status, headers=given.headers)


def symbol_of(text: str) -> str:
    """The symbol that a query or form names, for fault rules; nothing is refused here."""
    return next((piece[7:] for piece in text.split("&") if piece.startswith("symbol=")), "")


def parsed(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def as_text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def subscribed(listener: Listener, text: str) -> dict[str, object]:
    """Answer a SUBSCRIBE, UNSUBSCRIBE or LIST_SUBSCRIPTIONS."""
    asked = parsed(text)
    if asked is None:
        return {"error": {"code": 3, "msg": "Invalid JSON"}, "id": None}
    names, answered = asked.get("params", []), asked.get("id")
    if not isinstance(names, list) or not all(isinstance(name, str) and len(name) < 100 for name in names):
        return {
            "error": {"code": 2, "msg": "Invalid request: params must be a list of stream names"},
            "id": answered,
        }
    match asked.get("method"):
        case "SUBSCRIBE":
            if len(listener.streams) + len(names) > MOST_STREAMS:
                return {"error": {"code": 2, "msg": "Too many streams"}, "id": answered}
            listener.streams |= set(names)
        case "UNSUBSCRIBE":
            listener.streams -= set(names)
        case "LIST_SUBSCRIPTIONS":
            return {"result": sorted(listener.streams), "id": answered}
        case _:
            return {"error": {"code": 2, "msg": "Invalid request: unknown method"}, "id": answered}
    return {"result": None, "id": answered}


def drop(request: web.Request, *, reset: bool) -> None:
    """End the connection under the client: with a reset, or as if the server had just gone."""
    transport = request.transport
    if transport is None:
        return
    plug = transport.get_extra_info("socket")
    if reset and plug is not None:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort() if reset else transport.close()


async def trickled(request: web.Request, rule: Fault, body: bytes) -> web.StreamResponse:
    """A body that breaks off half-way, or comes byte by byte."""
    response = web.StreamResponse(
        headers={"Content-Length": str(len(body)), "Content-Type": "application/json"}
    )
    await response.prepare(request)
    if rule.kind == "cut":
        await response.write(body[: len(body) // 2])
        drop(request, reset=False)
        return response
    for byte in body:
        await response.write(bytes([byte]))
        await asyncio.sleep(rule.seconds)
    return response
