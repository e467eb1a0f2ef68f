"""A fifth agent is one file: dropped in, it is listed, hosted, votes over HTTP and keeps the contract."""

import asyncio
import os
import shutil
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from openoutcry.errors import NotAuthorised
from openoutcry.types.votes import Ballot, Vote
from tests.agents.test_hosting import asked, data_server
from wire.config import mint_tokens
from wire.connect import Connection
from wire.host import http_app

ROOT = Path(__file__).resolve().parents[2]
FLOOR_KEY = "a floor key for tests, long enough"
WHALE_WATCH = '''
"""Whale watch: a perpetual far above its spot means someone is in a hurry to buy."""

from agents.declare import agent
from agents.facts import number
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote


@agent("whale_watch", tools=("market.get_basis",), description="Follows the perpetual's premium.")
async def whale_watch(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    basis = await tools.call("market.get_basis", symbol=snapshot.symbol, timeframe=snapshot.timeframe)
    return await model.answer(Question("whale_watch", "", snapshot, (basis,), lambda: judge(snapshot, basis)))


def judge(snapshot: Snapshot, basis: ToolUse) -> Vote:
    premium = number(basis, "basis_pct")
    return Vote(
        agent="whale_watch",
        symbol=snapshot.symbol,
        action="BUY" if premium > 0.01 else "HOLD",
        confidence=0.5,
        reasoning=f"premium {premium:.3f} % [{basis.result_id}]",
        evidence=(basis.result_id,),
    )
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as it is, with one more file."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "agents", tmp_path / "agents", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "agents", tmp_path / "tests" / "agents", ignore=ignored)
    for name in ("openoutcry", "wire", "config", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "agents" / "roster" / "whale_watch.py").write_text(WHALE_WATCH)
    return tmp_path


async def python(copy: Path, *arguments: str, **env: str) -> Process:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OUTCRY_", "PYTEST_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=copy, env={**clean, **env}, stdout=PIPE, stderr=STDOUT
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def market(tokens: list[str | None]) -> AsyncIterator[str]:
    """A market server on loopback; yields its URL."""
    port = free_port()
    app = http_app(data_server("market", tokens), name="market", host="127.0.0.1", port=port)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="on"))
    running = asyncio.create_task(server.serve())
    await listening(port)
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    await running


async def listening(port: int) -> None:
    async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            try:
                (await http.get(f"http://127.0.0.1:{port}/health")).raise_for_status()
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_it_is_listed(copy: Path) -> None:
    listing = await python(copy, "-m", "agents", "--list")
    printed, _ = await listing.communicate()
    assert listing.returncode == 0
    assert b"whale_watch" in printed


async def test_it_is_hosted_and_votes(copy: Path) -> None:
    tokens: list[str | None] = []
    port = free_port()
    async with market(tokens) as url:
        process = await python(
            copy, "-m", "agents", "whale_watch", "--port", str(port), "--home", str(copy / "home"),
            OUTCRY_FLOOR_KEY=FLOOR_KEY, OUTCRY_ENDPOINT_MARKET=url,
        )  # fmt: skip
        try:
            await listening(port)
            bearer = mint_tokens(FLOOR_KEY.encode(), "test", {"agent-whale_watch": ("vote",)})
            floor = Connection("whale_watch", f"http://127.0.0.1:{port}/mcp", bearer["agent-whale_watch"])
            ballot = Ballot.model_validate(await floor.call("vote", asked(), round_token="the-round"))
            await floor.close()
            reader = mint_tokens(FLOOR_KEY.encode(), "test", {"agent-whale_watch": ("md:read",)})
            for token in ("oot1.no.no", reader["agent-whale_watch"]):
                stranger = Connection("whale_watch", f"http://127.0.0.1:{port}/mcp", token)
                with pytest.raises(NotAuthorised):
                    await stranger.call("vote", asked())
                await stranger.close()
        finally:
            process.terminate()
            printed, _ = await process.communicate()
    assert isinstance(ballot.answer, Vote), printed.decode()
    assert (ballot.answer.agent, ballot.answer.action) == ("whale_watch", "BUY")
    assert tokens == ["the-round"]


async def test_it_passes_the_contract_tests(copy: Path) -> None:
    checking = await python(
        copy, "-m", "pytest", "-q", "-k", "whale_watch", "tests/agents/test_roster_contract.py"
    )
    printed, _ = await checking.communicate()
    assert checking.returncode == 0, printed.decode()
    assert b"13 passed" in printed, printed.decode()
