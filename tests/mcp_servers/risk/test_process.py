"""The server as a process of its own: over HTTP with a floor's database behind it, and over stdio without."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client

from db.pool import open_pool
from openoutcry.errors import NotAuthorised
from tests.mcp_servers.process import over_http, over_stdio
from tests.mcp_servers.risk.stored import claims, write
from tests.openoutcry.risk.books import SPOT
from wire.config import floor_key, mint_tokens
from wire.connect import Connection
from wire.tokens import derive_key, sign_round


@pytest.fixture
def served(tmp_path: Path, fresh_database: str) -> Iterator[str]:
    """The URL of a server process over a database with a round in progress."""

    async def prepare() -> None:
        pool = await open_pool(fresh_database)
        await write(pool)
        await pool.close()

    asyncio.run(prepare())
    with over_http("risk", tmp_path, "--database-url", fresh_database) as url:
        yield url


async def test_over_http_in_a_round(tmp_path: Path, served: str) -> None:
    root = floor_key(tmp_path)
    token = mint_tokens(root, "agent-risk", {"risk": ("risk:read",)})["risk"]
    other = mint_tokens(root, "agent-risk", {"risk": ("md:read",)})["risk"]
    ours, unscoped = Connection("risk", served, token), Connection("risk", served, other)
    in_round = sign_round({"risk": derive_key(root, "risk")}, claims(1))
    forged = sign_round({"risk": derive_key(b"x" * 32, "risk")}, claims(1))
    try:
        found = await ours.call("get_exposure", {"symbol": SPOT}, round_token=in_round, timeout_s=20)
        assert (found["spot_value"], found["price"], found["source"]) == ("693", "99", "recorded")  # 7 at 99
        for connection, round_token in ((ours, forged), (unscoped, in_round)):
            with pytest.raises(NotAuthorised):
                await connection.call("get_exposure", {"symbol": SPOT}, round_token=round_token, timeout_s=20)
    finally:
        await ours.close()
        await unscoped.close()


async def test_over_stdio_without_a_floor(tmp_path: Path) -> None:
    server = over_stdio("risk", tmp_path)
    async with Client(server) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        figure = await client.call_tool("calculate_drawdown", {"equity_curve": [100, 80]})
        nothing = await client.call_tool("get_portfolio", {})
    assert {"calculate_drawdown", "get_portfolio", "reserve_model_call"} <= set(tools)
    assert figure.structured_content is not None and figure.structured_content[
        "max_drawdown"
    ] == pytest.approx(0.2)
    assert nothing.is_error and "DATA_UNAVAILABLE" in nothing.content[0].text  # type: ignore[union-attr]
