"""A practice model server in the test's own loop, and a question to put to a mind."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

from agents.llm import build, close
from openoutcry.ports import Model, Question
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote
from sandbox.llm.script import Script, Turn
from sandbox.llm.serving import ModelServer

FACT = ToolUse(
    result_id="fact-1",
    tool="indicators.indicator_snapshot",
    arguments={},
    result={"close": 100.5, "rsi": 28.4},
)
GOOD: dict[str, Any] = {
    "action": "BUY",
    "confidence": 0.6,
    "reasoning": "RSI at 28.4 [fact-1].",
    "claims": [{"result_id": "fact-1", "pointer": "/rsi", "value": 28.4, "unit": ""}],
    "horizon_bars": 12,
}


@asynccontextmanager
async def practice(
    *turns: dict[str, Any], key: str | None = None, port: int = 0
) -> AsyncIterator[tuple[str, ModelServer]]:
    """The address of a server that gives these turns, and the server."""
    server = ModelServer(Script([Turn.model_validate(turn) for turn in turns]), key)
    runner = web.AppRunner(server.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def thinking(name: str, **more: Any) -> AsyncIterator[Model]:
    """The mind of this name, its connections closed at the end."""
    mind = build(name, home=Path("/nowhere"), agent="trend", **more)
    try:
        yield mind
    finally:
        await close(mind)


def asked(rules: Callable[[], Vote] | None = None, *facts: ToolUse) -> Question:
    snapshot = Snapshot(
        symbol="BTC/USDT", timeframe="1h", seq=3, as_of=datetime(2024, 1, 1, tzinfo=UTC), source="synthetic", quote=None,
        data_digest="d",
    )  # fmt: skip
    return Question("trend", "You follow trends.", snapshot, facts or (FACT,), rules or by_rules)


def by_rules() -> Vote:
    return Vote(
        agent="trend", symbol="BTC/USDT", action="BUY", confidence=0.4, reasoning="the rules", evidence=("fact-1",),
        stop_loss=Decimal("95"), take_profit=Decimal("120"),
    )  # fmt: skip


def said(vendor: str, value: dict[str, Any]) -> dict[str, Any]:
    """A turn that answers with an object as a vendor's model does."""
    return {"tool": "vote", "arguments": value} if vendor == "anthropic" else {"object": value}


def keys(url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": "k-1", "ANTHROPIC_BASE_URL": url, "OPENAI_API_KEY": "k-2", "OPENAI_BASE_URL": f"{url}/v1",
    }  # fmt: skip


def mind_name(vendor: str, url: str) -> str:
    return {
        "anthropic": "anthropic:claude-haiku-4-5", "openai": "openai:gpt-5-mini", "compatible": f"compatible:llama@{url}/v1",
    }[vendor]  # fmt: skip


def system_of(body: dict[str, Any]) -> str:
    """The stable prefix of a recorded request, in any dialect."""
    if "instructions" in body:
        return str(body["instructions"])
    if "system" in body:
        return json.dumps(body["system"])
    return str(body["messages"][0]["content"])
