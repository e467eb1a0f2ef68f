"""The practice model on the network: one port for every dialect, and a record of what it was asked."""

import asyncio
import hmac
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.clock import ExchangeClock
from sandbox.llm import anthropic, openai
from sandbox.llm.script import Script, Turn

KEPT = 1_000
LARGEST = 8_000_000
Body = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ModelServer:
    """Answers from a script. ``key`` None takes any key that is not empty."""

    def __init__(self, script: Script, key: str | None = None) -> None:
        self._script = script
        self._key = key
        self._clock = ExchangeClock()
        self._count = 0
        self.asked: list[Body] = []

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST)
        app.add_routes(
            [
                web.post("/v1/messages", self._guarded(self._messages, anthropic.error)),
                web.post("/v1/messages/count_tokens", self._guarded(self._count_tokens, anthropic.error)),
                web.post("/v1/chat/completions", self._guarded(self._chat, openai.error)),
                web.post("/v1/responses", self._guarded(self._responses, openai.error)),
                web.post("/v1/embeddings", self._guarded(self._embeddings, openai.error)),
                web.get("/v1/models/{model}", self._guarded(self._model, openai.error)),
                web.get("/__asked", self._record),
            ]
        )
        return app

    def _guarded(self, handler: Handler, error: Callable[[int, str], Body]) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
            given = request.headers.get("x-api-key") or bearer
            if not given or (
                self._key is not None and not hmac.compare_digest(given.encode(), self._key.encode())
            ):
                return web.json_response(error(401, "invalid api key"), status=401)
            try:
                return await handler(request)
            except (ValueError, KeyError, TypeError) as fault:
                return web.json_response(error(400, f"bad request: {fault}"), status=400)

        return checked

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body, turn = await self._turn(request)
        if turn is None:
            return web.json_response(
                anthropic.error(500, "the script has no turn for this question"), status=500
            )
        model, number = turn.answers_as or str(body["model"]), self._count
        stream = "".join(
            f"event: {name}\ndata: {json.dumps(event)}\n\n"
            for name, event in anthropic.events(turn, model, number)
        )
        return await self._answer(
            request,
            turn,
            anthropic.message(turn, model, number),
            stream,
            anthropic.error,
            bool(body.get("stream")),
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body, turn = await self._turn(request)
        if turn is None:
            return web.json_response(
                openai.error(500, "the script has no turn for this question"), status=500
            )
        model, number, at = turn.answers_as or str(body["model"]), self._count, self._clock.now() // 1000
        stream = (
            "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in openai.chunks(turn, model, number, at))
            + "data: [DONE]\n\n"
        )
        return await self._answer(
            request,
            turn,
            openai.chat(turn, model, number, at),
            stream,
            openai.error,
            bool(body.get("stream")),
        )

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        body, turn = await self._turn(request)
        if turn is None:
            return web.json_response(
                openai.error(500, "the script has no turn for this question"), status=500
            )
        model, number, at = turn.answers_as or str(body["model"]), self._count, self._clock.now() // 1000
        told = openai.response_events(turn, model, number, at)
        stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in told)
        return await self._answer(
            request,
            turn,
            openai.response(turn, model, number, at),
            stream,
            openai.error,
            bool(body.get("stream")),
        )

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return web.json_response({"input_tokens": len(json.dumps(body)) // 4})

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        size = int(body.get("dimensions", openai.DIMENSIONS))
        if not 1 <= size <= 4_096 or not all(isinstance(text, str) for text in texts):
            raise ValueError("input must be text, dimensions between 1 and 4096")
        self._note(request, body)
        model = str(body["model"])
        if model.startswith("no-such"):
            return web.json_response(openai.error(404, f"model {model} does not exist"), status=404)
        packed = body.get("encoding_format") == "base64"
        value = openai.embeddings(texts, model, size, as_base64=packed)
        turn = self._script.next(model, json.dumps(body), faults=True)
        if turn is None:
            return web.json_response(value)
        return await self._answer(request, turn, value, "", openai.error, False)

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["model"]
        if name.startswith("no-such"):
            return web.json_response(openai.error(404, f"model {name} does not exist"), status=404)
        shown = {
            "id": name,
            "object": "model",
            "type": "model",
            "display_name": name,
            "created": 0,
            "created_at": "2026-01-01T00:00:00Z",
        }
        return web.json_response({**shown, "owned_by": "sandbox"})

    async def _record(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.asked)

    async def _turn(self, request: web.Request) -> tuple[Body, Turn | None]:
        body = await request.json()
        if not isinstance(body, dict) or not isinstance(body.get("model"), str):
            raise ValueError("model: must be given")
        self._note(request, body)
        return body, self._script.next(body["model"], json.dumps(body))

    def _note(self, request: web.Request, body: Body) -> None:
        self._count += 1
        self.asked.append({"path": request.path, "body": body})
        del self.asked[:-KEPT]

    async def _answer(
        self,
        request: web.Request,
        turn: Turn,
        value: Body,
        stream: str,
        error: Callable[[int, str], Body],
        streaming: bool,
    ) -> web.StreamResponse:
        match turn.fault:
            case "timeout":
                await asyncio.sleep(turn.seconds or 3_600.0)
            case "reset":
                cut_off(request)
            case "status":
                headers = {} if turn.retry_after is None else {"Retry-After": str(turn.retry_after)}
                return web.json_response(
                    error(turn.status, "scripted fault"), status=turn.status, headers=headers
                )
            case "html":
                return web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html")
            case "malformed":
                return web.Response(text=json.dumps(value)[:-20], content_type="application/json")
            case None if turn.seconds:
                await asyncio.sleep(turn.seconds)
        kind, text = ("text/event-stream", stream) if streaming else ("application/json", json.dumps(value))
        if turn.fault == "drip":
            return await dripped(request, turn, kind, text.encode())
        return web.Response(text=text, content_type=kind)


def cut_off(request: web.Request) -> None:
    """Reset the connection under the client."""
    if request.transport is not None:
        plug = request.transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


async def dripped(request: web.Request, turn: Turn, kind: str, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": kind, "Content-Length": str(len(body))})
    await response.prepare(request)
    for byte in body:
        await response.write(bytes([byte]))
        await asyncio.sleep(turn.seconds)
    return response
