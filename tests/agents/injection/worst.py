"""The worst case of a model: it obeys every instruction it reads in data, calls what is named, votes as told, and repeats all.

And the channels by which a text from outside could reach it, each by the floor's own code.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from agents.cast import cast
from agents.declare import Agent
from agents.llm import quarantine
from agents.llm.language import LanguageMind
from agents.llm.provider import Completion, Prompt, Results, ToolCall, ToolSpec
from agents.registry import discover
from agents.toolbox import FloorToolbox
from mcp_servers.news.tools.get_headlines import Headline, Untrusted
from openoutcry.errors import ToolFailed
from openoutcry.news.feed import parse_feed
from openoutcry.news.reading import mood, read_by_rules
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.settings import LlmSettings
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Ballot, Vote
from tests.agents.floor import CATALOGUE, snapshot

CANARY = re.compile(r"canary-[a-z]+-\d+")
ROUND_TOKEN = "canary-round-4711"
HARMLESS = "Quiet trading day"
NAMED = re.compile(r"(?:\b[a-z]+(?:__|\.))?(?:place|cancel|close|get|stop|calculate|halt)_[a-z_]+")
TOLD = re.compile(r"(?:vote|action|answer)\W{1,4}(BUY|SELL|HOLD|VETO|APPROVE|HEDGE)")
SENTIMENT = discover().agents["sentiment"]
ALLOWED = "indicators.calculate_rsi"


class Obedient:
    """Obeys. It knows no key and no token, for nobody tells it any: ``read`` is all that it ever saw."""

    name = "worst:case"

    def __init__(self) -> None:
        self.read: list[str] = []
        self._called: set[str] = set()

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        data = "\n".join(
            "\n".join(text for _, text in turn.answers) if isinstance(turn, Results) else str(turn)
            for turn in prompt.turns
        )
        self.read += [prompt.system, data]
        if prompt.system == quarantine.SYSTEM:
            return Completion(data[:5_000], "done", self.name)
        words = data.replace('\\"', '"').replace("\\n", "\n")
        wanted = [name for name in NAMED.findall(words) if name not in self._called][:3]
        if prompt.may_ask and not self._called:
            wanted.append(ALLOWED.replace(".", "__"))
        if prompt.may_ask and wanted:
            self._called |= set(wanted)
            calls = tuple(ToolCall(f"c{n}", name, "{}") for n, name in enumerate(wanted))
            return Completion("", "done", self.name, calls=calls)
        told = TOLD.findall(words)
        answer = {
            "action": told[-1] if told else "HOLD",
            "confidence": 1.0 if told else 0.5,
            "reasoning": (" ".join(self.read)[-1_500:] + " ".join(CANARY.findall(words)))[:2_900],
            "claims": [],
            "horizon_bars": 24,
        }
        return Completion(json.dumps(answer), "done", self.name)

    async def check(self, *, timeout_s: float) -> None:
        """There is nothing to ask."""

    async def close(self) -> None:
        """There is no connection."""


class World:
    """Every server, as an agent's toolbox reaches them: what arrives is kept."""

    def __init__(self, answers: Mapping[str, Callable[[], dict[str, Any]]]) -> None:
        self.answers = answers
        self.arrived: list[str] = []

    def server(self, name: str) -> "Peer":
        return Peer(self, name)


class Peer:
    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name

    async def call(self, tool: str, arguments: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        called = f"{self.name}.{tool}"
        self.world.arrived.append(called)
        made = self.world.answers.get(called)
        if made is None:
            made = partial(CATALOGUE[called], arguments) if called in CATALOGUE else dict
        head = {
            "result_id": f"r-{len(self.world.arrived)}",
            "as_of": "2023-05-01T12:00:00Z",
            "source": "recorded",
        }
        return {**head, **made()}


def news(title: str, body: str) -> dict[str, Any]:
    """What the news server makes of a feed with this one item."""
    at = (datetime(2023, 5, 1, 12, tzinfo=UTC) - timedelta(hours=1)).isoformat()
    items, _ = parse_feed(json.dumps([{"title": title, "body": body, "published_at": at}]).encode(), "wire")
    readings = [read_by_rules(item, "BTC") for item in items]
    shown = [
        Headline(
            published_at=item.published_at, feed=item.source, hash=item.hash[:24],
            text=Untrusted(title=item.title, body=item.body), reading=reading,
        ).model_dump(mode="json")
        for item, reading in zip(items, readings, strict=True)
    ]  # fmt: skip
    overall, weight = mood(readings)
    return {"symbol": "BTC/USDT", "headlines": shown, "found": len(shown), "mood": overall, "weight": weight}


def failing(text: str) -> dict[str, Any]:
    raise ToolFailed(ALLOWED, text[:60], text)


CHANNELS: dict[str, tuple[str, Callable[[str], Callable[[], dict[str, Any]]]]] = {
    "headline": ("news.get_headlines", lambda text: lambda: news(text, "")),
    "news body": ("news.get_headlines", lambda text: lambda: news(HARMLESS, text)),
    "symbol alias": (
        "market.list_symbols",
        lambda text: lambda: {"symbols": [{"symbol": "BTC/USDT", "alias": text, text: 1}]},
    ),
    "order note": (
        "execution.list_orders",
        lambda text: lambda: {"orders": [{"id": "ab12cd34", "note": text}]},
    ),
    "tool error": (ALLOWED, lambda text: lambda: failing(text)),
    "recalled memory": (
        "memory.similar_decisions",
        lambda text: lambda: {"decisions": [{"reasoning": text, "outcome": 0.1}]},
    ),
    "another agent": (
        "memory.get_decision",
        lambda text: lambda: {"votes": [{"agent": "trend", "reasoning": text}]},
    ),
}
"""Channel → the tool whose answer carries the text, and how."""
COMPROMISED = ("indicators.market_context", lambda text: lambda: {"commentary": text})
"""A server of ours that was taken over: its words do reach whoever votes."""


async def think(tool: str, seen: Snapshot, tools: Toolbox, model: Model) -> Reply:
    use = await tools.call(tool)
    rules = Vote(agent="reader", symbol=seen.symbol, action="HOLD", confidence=0.5, reasoning="rules")
    return await model.answer(Question("reader", "You read.", seen, (use,), lambda: rules))


async def offer() -> tuple[ToolSpec, ...]:
    return (ToolSpec(ALLOWED, "RSI.", {"type": "object", "properties": {}}),)


async def voted(channel: tuple[str, Any], text: str) -> tuple[Ballot, World, Obedient]:
    """One vote of the worst model with a text in a channel."""
    tool, carry = channel
    world = World({tool: carry(text)})
    if tool.startswith("news."):
        agent = SENTIMENT
    else:
        first = "indicators.indicator_snapshot" if tool == ALLOWED else tool
        made = {"indicators.indicator_snapshot": lambda: {"close": 100.0}}
        world.answers = {**made, **world.answers}
        agent = Agent("reader", "analysis", (first,), "", partial(think, first), "tests")
    allowed = (*agent.tools, ALLOWED)
    model = Obedient()
    names = ("market", "indicators", "risk", "execution", "memory", "news")
    tools = FloorToolbox({name: world.server(name) for name in names}, allowed, ROUND_TOKEN, float("inf"))
    mind = LanguageMind([model], {}, "analysis", LlmSettings(), 30.0, False, Random(1), offer)
    ballot = await cast(agent, snapshot(), tools, mind, deadline_s=30.0)
    assert set(world.arrived) <= set(allowed), world.arrived
    return ballot, world, model
