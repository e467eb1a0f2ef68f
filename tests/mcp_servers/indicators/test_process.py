"""The server as a process of its own, over stdio and over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client

from openoutcry.errors import NotAuthorised
from tests.mcp_servers.indicators.hosting import SYMBOL, store_walk
from tests.mcp_servers.process import over_http, over_stdio
from wire.config import floor_key, mint_tokens
from wire.connect import Connection


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of a server process over ``tmp_path``."""
    with over_http("indicators", tmp_path, OUTCRY_MARKET="recorded") as url:
        yield url


async def test_over_http_with_a_token_and_not_without(tmp_path: Path, served: str) -> None:
    candles = store_walk(tmp_path, 300)
    token = mint_tokens(floor_key(tmp_path), "client", {"indicators": ("ind:read",)})["indicators"]
    connection, stranger = (
        Connection("indicators", served, token),
        Connection("indicators", served, token[:-4] + "AAAA"),
    )
    arguments = {"symbol": SYMBOL, "timeframe": "1h", "names": ["rsi:14", "macd", "bbands", "atr", "adx"]}
    try:
        found = await connection.call("indicator_snapshot", arguments, timeout_s=20)
        assert found["close"] == candles.close[-1]
        with pytest.raises(NotAuthorised):
            await stranger.call("indicator_snapshot", arguments, timeout_s=20)
    finally:
        await connection.close()
        await stranger.close()


async def test_over_stdio(tmp_path: Path) -> None:
    store_walk(tmp_path, 300)
    server = over_stdio("indicators", tmp_path, OUTCRY_MARKET="recorded")
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("calculate_rsi", {"symbol": SYMBOL, "timeframe": "1h"})
    assert {"indicator_snapshot", "market_context", "calculate_indicator", "calculate_adx"} <= set(tools)
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    assert result.structured_content is not None and result.structured_content["bars"] == 300
