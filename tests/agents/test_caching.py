"""Answers given again: the vendor's real SDK, a real risk server over HTTP, its database. No number that is given is stale."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from agents.entry import caches
from agents.llm import build, close
from agents.llm.purse import ROUND, FloorPurse
from agents.llm.shelf import FloorShelf
from agents.llm.taping import Playing, Recording, Tape
from openoutcry.ports import Question, Reply
from openoutcry.settings import CacheSettings, LlmSettings, Settings, TradingSettings
from openoutcry.types.votes import ToolUse, Vote
from tests.agents.practice import GOOD, asked, keys, mind_name, practice, said
from tests.mcp_servers.process import over_http
from tests.mcp_servers.risk.stored import claims
from tests.openoutcry.risk.books import AT
from wire.cassette import VERSION, Recorder, Reel
from wire.config import DEFAULT_ORG, ProcessConfig, RunSpec, floor_key, mint_tokens
from wire.connect import Connection
from wire.tokens import derive_key, sign_round

pytestmark = pytest.mark.timeout(180)
CACHE = CacheSettings(max_age_s=86_400, tolerance=0.01)


@pytest.fixture
def risk(tmp_path: Path, fresh_database: str) -> Iterator[str]:
    """The address of a risk server process with this database behind it."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"llm": {"cache": CACHE.model_dump()}}))
    with over_http("risk", tmp_path, "--database-url", fresh_database) as url:
        yield url


class Seat:
    """An agent's mind on a floor with caches, and what its model was asked."""

    def __init__(self, home: Path, risk: str, url: str, sent: list[Any]) -> None:
        self.home, self.risk, self.url, self.sent = home, risk, url, sent

    async def says(
        self, question: Question, *, agent: str = "trend", voice: Any = "analysis", tape: Tape | None = None
    ) -> Reply:
        root = floor_key(self.home, {})
        token = mint_tokens(root, f"agent-{agent}", {"risk": ("mind:spend",)})["risk"]
        till = Connection("purse", self.risk, token)
        as_of = question.snapshot.as_of
        held = claims(question.snapshot.seq).model_copy(update={"as_of": as_of})
        ROUND.set(sign_round({"risk": derive_key(root, "risk")}, held))
        mind = build(
            mind_name("openai", self.url), home=self.home, agent=agent, voice=voice, keys=keys(self.url),
            settings=LlmSettings(enable_caching=True, cache=CACHE), purse=FloorPurse(till), shelf=FloorShelf(till), tape=tape,
            deadline_s=30.0,
        )  # fmt: skip
        try:
            return await mind.answer(question)
        finally:
            await close(mind)
            await till.close()


@asynccontextmanager
async def seated(home: Path, risk: str, *turns: dict[str, Any]) -> AsyncIterator[Seat]:
    async with practice(*(turns or ({**said("openai", GOOD), "times": 0},))) as (url, server):
        yield Seat(home, risk, url, server.asked)


def at(hours: int, rsi: float = 28.4, result_id: str = "fact-1", **more: Any) -> Question:
    """The question so many hours on; the tool's answer has another id and another figure."""
    question = asked()
    snapshot = question.snapshot.model_copy(update={"as_of": AT + timedelta(hours=hours), "seq": 3 + hours})
    fact = ToolUse(
        result_id=result_id, tool="indicators.indicator_snapshot", arguments={"period": 14},
        result={"rsi": rsi, "close": "100.5", "as_of": snapshot.as_of.isoformat(), "result_id": result_id,
                "values": {f"level_{n}": n * 1.0 for n in range(20)}, **more},
    )  # fmt: skip
    return replace(question, snapshot=snapshot, facts=(fact,))


async def booked(url: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT agent, cache, cost, state, seq FROM model_calls ORDER BY created_at"
        )
        return [(row["agent"], row["cache"], row["cost"] > 0, row["state"], row["seq"]) for row in rows]
    finally:
        await connection.close()


async def test_the_same_question_is_answered_again_and_booked_as_what_it_is(
    tmp_path: Path, risk: str, fresh_database: str
) -> None:
    async with seated(tmp_path, risk) as seat:
        first, second = await seat.says(at(0)), await seat.says(at(0))
        assert len(seat.sent) == 1
        assert first.answer == second.answer
        assert isinstance(second.answer, Vote) and second.answer.evidence == ("fact-1",)
        assert (first.mind.cache, first.mind.calls) == ("", 1)
        assert (second.mind.cache, second.mind.calls, second.mind.cost_usd) == ("exact", 0, Decimal(0))
        assert (second.mind.model, second.mind.prompt_tokens) == (first.mind.model, 0)
        assert second.mind.prompt_hash == first.mind.prompt_hash == second.mind.params["kept"]["of"]
        # Another agent never gets it, nor does the same one for another figure that its answer does not rely on by a claim.
        other = await seat.says(at(0), agent="technical")
        assert (other.mind.cache, len(seat.sent)) == ("", 2)
        connection = await asyncpg.connect(fresh_database)
        await connection.execute("UPDATE model_answers SET created_at = created_at - interval '25 hours'")
        aged = await seat.says(at(0))
        assert (aged.mind.cache, len(seat.sent)) == ("", 3)
        await connection.execute("UPDATE model_answers SET version = 'vote-0'")
        assert (await seat.says(at(0))).mind.cache == ""
        await connection.close()
    assert (await booked(fresh_database))[:3] == [
        ("trend", "none", True, "SETTLED", 3), ("trend", "exact", False, "SETTLED", 3),
        ("technical", "none", True, "SETTLED", 3),
    ]  # fmt: skip


async def test_a_situation_alike_carries_the_opinion_and_no_stale_number(
    tmp_path: Path, risk: str, fresh_database: str
) -> None:
    async with seated(tmp_path, risk) as seat:
        first = await seat.says(at(0))
        later = await seat.says(at(2, 28.5, "fact-9"))
        assert (later.mind.cache, len(seat.sent)) == ("semantic", 1)
        assert isinstance(first.answer, Vote) and isinstance(later.answer, Vote)
        assert (later.answer.action, later.answer.confidence, later.answer.evidence) == (
            "BUY",
            0.6,
            ("fact-9",),
        )
        assert not any(letter.isdigit() for letter in later.answer.reasoning)
        told = json.loads(later.mind.response)
        assert told["claims"] == [{"result_id": "fact-9", "pointer": "/rsi", "value": 28.5, "unit": ""}]
        assert "28.4" not in later.mind.response and "fact-1" not in later.mind.response
        kept = later.mind.params["kept"]
        assert (kept["of"], kept["at"]) == (first.mind.prompt_hash, AT.isoformat())
        assert 0.9 <= kept["similarity"] <= 1.0
        n = len(seat.sent)
        refused = [
            at(3, 35.0, "fact-3"),  # the figure it relies on has moved
            at(3, 28.5, "fact-3", values={f"level_{n}": n * 7.0 for n in range(20)}),  # the rest has
            at(-1, 28.5, "fact-3"),  # earlier than the answer: nothing is heard from the future
            at(26, 28.5, "fact-3"),  # a day and two hours on, in market time
            replace(at(3, 28.5, "fact-3"), texts={"h": "rumours"}),
        ]
        for question in refused[:4]:
            reply = await seat.says(question)
            n += 1
            assert (reply.mind.cache, len(seat.sent)) == ("", n), question
            connection = await asyncpg.connect(fresh_database)
            await connection.execute("DELETE FROM model_answers WHERE as_of <> $1", AT)
            await connection.close()
        assert (await seat.says(refused[4])).mind.cache == ""
        # A size is a figure of its round: only analysts' answers are carried over.
        sized = {**GOOD, "action": "REDUCE", "size_factor": 0.5}
    async with seated(tmp_path, risk, {**said("openai", sized), "times": 0}) as seat:
        assert (await seat.says(at(4), agent="risk", voice="risk")).mind.cache == ""
        assert (await seat.says(at(5, 28.5), agent="risk", voice="risk")).mind.cache == ""
        assert (await seat.says(at(5, 28.5), agent="risk", voice="risk")).mind.cache == "exact"
    assert [row[1] for row in await booked(fresh_database)].count("semantic") == 1


async def test_an_unreadable_answer_is_not_kept_and_a_flawed_one_for_its_own_question_alone(
    tmp_path: Path, risk: str
) -> None:
    flawed = {**GOOD, "reasoning": "RSI at 28.4 and ADX at 61.3."}
    turns = ({"text": "BUY!", "times": 2}, {**said("openai", flawed), "times": 0})
    async with seated(tmp_path, risk, *turns) as seat:
        assert (await seat.says(at(0))).answer.kind == "abstain"
        second = await seat.says(at(0))
        assert (second.answer.kind, second.mind.cache, len(seat.sent)) == ("vote", "", 3)
        assert (await seat.says(at(1, 28.5, "fact-9"))).mind.cache == ""
        assert (await seat.says(at(0))).mind.cache == "exact"


async def test_a_cassette_holds_what_was_given_again_and_a_cache_that_is_away_is_none(
    tmp_path: Path, risk: str
) -> None:
    path = tmp_path / "run.cassette"
    async with seated(tmp_path, risk) as seat:
        await seat.says(at(0))
        recorded = await seat.says(at(2, 28.5, "fact-9"), tape=Recording(Recorder(path, "agent-trend")))
        away = Seat(tmp_path, "http://127.0.0.1:9/mcp", seat.url, seat.sent)
        assert (await away.says(at(0))).answer.kind == "abstain"  # nobody pays: no call
        assert len(seat.sent) == 1
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    reel = Reel([{"kind": "header", "version": VERSION}, *lines, {"kind": "end"}])
    played = await seat.says(at(2, 28.5, "fact-9"), tape=Playing(reel, "agent-trend"))
    assert recorded.mind.cache == "semantic"
    assert played == recorded


@pytest.mark.parametrize(
    ("on", "live", "run", "mode", "cached"),
    [
        (False, True, False, "paper", False), (True, False, False, "paper", True), (True, False, True, "paper", False),
        (True, False, False, "live", False), (True, True, True, "live", True),
    ],
)  # fmt: skip
def test_real_orders_rest_on_no_kept_answer_unless_that_is_wanted(
    on: bool, live: bool, run: bool, mode: Any, cached: bool
) -> None:
    settings = Settings(
        trading=TradingSettings(mode=mode), llm=LlmSettings(enable_caching=on, cache=CacheSettings(live=live))
    )
    config = ProcessConfig(
        name="agent-trend", home=Path("/no"), database_url=None, run=RunSpec(live=run), settings=settings, endpoints={},
        key=b"", org_id=DEFAULT_ORG,
    )  # fmt: skip
    assert caches(config) is cached
    assert not caches(config.model_copy(update={"settings": Settings()}))
