"""The news server: feeds read strictly, nothing of the future, no private network, a synthetic world's own causes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from db.candles import CandleReader
from mcp_servers.news.deps import NewsDeps
from mcp_servers.news.places import read_place
from mcp_servers.news.server import build
from mcp_servers.news.sources import FeedNews, NewsSource, SyntheticNews
from mcp_servers.toolkit import Hosting, Present
from openoutcry.errors import BadConfig, BadInput, DataUnavailable
from openoutcry.market.synthetic import SyntheticMarket
from openoutcry.news.feed import parse_feed
from openoutcry.news.reading import read_by_rules
from openoutcry.settings import NewsSettings
from wire.connect import Connection

AS_OF = datetime(2023, 5, 1, 12, tzinfo=UTC)
INDEX = Path(__file__).resolve().parents[4] / "shared/data/sentiment/fear_greed.csv"
RSS = """<?xml version="1.0"?><rss><channel><title>x</title>
<item><title>Bitcoin rallies on ETF approval</title><description>&lt;b&gt;Inflows&lt;/b&gt; rise</description>
<pubDate>Mon, 01 May 2023 10:00:00 GMT</pubDate></item>
<item><title>Bitcoin crash tomorrow</title><pubDate>Tue, 02 May 2023 10:00:00 GMT</pubDate></item>
<item><title>No time</title></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Exchange hacked</title><summary>losses</summary>
<updated>2023-05-01T11:00:00Z</updated></entry></feed>"""


def listed(*items: dict[str, Any]) -> bytes:
    return json.dumps({"items": list(items)}).encode()


@asynccontextmanager
async def hosted(
    source: NewsSource, as_of: datetime = AS_OF, kind: Any = "recorded"
) -> AsyncIterator[Connection]:
    async def present() -> Present:
        return Present(as_of, kind)

    server = build(Hosting(NewsDeps(source, NewsSettings()), present, b"", ("news:read",)))
    connection = Connection("news", server)
    try:
        yield connection
    finally:
        await connection.close()


def feeds(home: Path, **texts: str | bytes) -> FeedNews:
    for name, text in texts.items():
        (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return FeedNews(NewsSettings(feeds={name: name for name in texts}), home)


async def test_headlines_come_enveloped_with_source_and_hash_and_nothing_later(tmp_path: Path) -> None:
    async with hosted(feeds(tmp_path, wire=RSS, other=ATOM)) as server:
        told = await server.call("get_headlines", {"symbol": "BTC/USDT"})
    assert [one["text"]["title"] for one in told["headlines"]] == [
        "Exchange hacked",
        "Bitcoin rallies on ETF approval",
    ]
    first = told["headlines"][1]
    assert first["text"] == {
        "untrusted_data": True, "title": "Bitcoin rallies on ETF approval", "body": "Inflows rise",
    }  # fmt: skip
    assert (first["feed"], len(first["hash"]), first["reading"]["entities"]) == ("wire", 24, ["BTC"])
    assert first["reading"]["sentiment"] > 0.5
    assert told["headlines"][0]["reading"]["sentiment"] < 0
    assert told["found"] == 2
    assert told["result_id"]


async def test_without_a_feed_there_is_no_news_and_one_broken_feed_is_left_out(tmp_path: Path) -> None:
    async with hosted(FeedNews(NewsSettings(), tmp_path)) as server:
        with pytest.raises(DataUnavailable, match=r"news\.feeds"):
            await server.call("get_headlines", {"symbol": "BTC/USDT"})
        assert (await server.call("get_fear_greed", {"symbol": "BTC/USDT"}))["value"] is None
    async with hosted(feeds(tmp_path, wire=RSS, broken="<rss>")) as server:
        assert (await server.call("get_headlines", {"symbol": "BTC/USDT"}))["found"] == 1
    async with hosted(feeds(tmp_path, broken="<rss>")) as server:
        with pytest.raises(DataUnavailable, match="none of the feeds"):
            await server.call("get_headlines", {"symbol": "BTC/USDT"})


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><rss/>", b"<rss>", b"\xff\xfe", b"{", b'{"items": 3}', b"[" * 100_000,
        b" " * 1_000_001, b"",
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="feed wire"):
        parse_feed(data, "wire")


def test_odd_items_are_left_out_and_invisible_characters_dropped() -> None:
    good = {"title": "Up\u200b\u202e\U000e0041 now", "date_published": "2023-05-01T10:00:00+02:00"}
    items, left_out = parse_feed(
        listed(good, {"title": 3, "date_published": "2023-05-01"}, {"title": "x", "date_published": "soon"}),
        "wire",
    )
    assert (len(items), left_out) == (1, 2)
    assert items[0].title == "Up now"
    assert items[0].published_at == datetime(2023, 5, 1, 8, tzinfo=UTC)


def test_a_negation_turns_a_word() -> None:
    def sentiment(title: str) -> float:
        (item,), _ = parse_feed(listed({"title": title, "date_published": "2023-05-01T10:00:00Z"}), "wire")
        return read_by_rules(item, "BTC").sentiment

    assert sentiment("Bitcoin falls") < 0 < sentiment("Bitcoin rises")
    assert sentiment("No hack, no losses at exchange") > 0
    assert sentiment("Weather report") == 0


@pytest.mark.parametrize(
    "place",
    [
        "http://example.com/feed",
        "http://10.0.0.1/feed",
        "ftp://example.com/x",
        "https://user:secret@example.com/x",
        "http:///x",
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_by_name(place: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"news\.feeds\.wire") as caught:
        FeedNews(NewsSettings(feeds={"wire": place}), tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["localhost", "10.1.2.3", "169.254.169.254", "[::ffff:127.0.0.1]", "192.168.1.1", "0.0.0.0"]
)
async def test_a_name_that_leads_into_a_private_network_is_not_asked(host: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable, match=r"private network|cannot be read"):
        await read_place(f"https://{host}/feed", tmp_path)


async def test_a_loopback_feed_is_read_and_redirects_are_not_followed(tmp_path: Path) -> None:
    async def feed(_: web.Request) -> web.Response:
        return web.Response(text=RSS, content_type="application/rss+xml")

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/secret")

    async def endless(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 2_000_000)

    app = web.Application()
    app.add_routes([web.get("/feed", feed), web.get("/away", away), web.get("/endless", endless)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        source = FeedNews(NewsSettings(feeds={"wire": f"{base}/feed"}), tmp_path)
        assert len(await source.items("BTC/USDT", AS_OF - timedelta(days=1), AS_OF)) == 1
        for path in ("away", "endless", "none"):
            with pytest.raises(DataUnavailable):
                await read_place(f"{base}/{path}", tmp_path)
    finally:
        await runner.cleanup()


async def test_fear_and_greed_is_that_of_the_day(tmp_path: Path) -> None:
    (tmp_path / "fg.csv").write_text("date,fng\n2023-04-30,60\n2023-05-01,63\n2023-05-02,99\n")
    async with hosted(FeedNews(NewsSettings(fear_greed="fg.csv"), tmp_path)) as server:
        told = await server.call("get_fear_greed", {"symbol": "BTC/USDT"})
    assert (told["value"], told["classification"]) == (63, "greed")


@pytest.mark.skipif(not INDEX.exists(), reason="no ../shared/data/sentiment")
async def test_the_real_index_is_read(tmp_path: Path) -> None:
    source = FeedNews(NewsSettings(fear_greed=str(INDEX)), tmp_path)
    known = await source.fear_greed("BTC/USDT", AS_OF)
    assert known is not None and 0 <= known[0] <= 100
    assert await source.fear_greed("BTC/USDT", datetime(2018, 1, 1, tzinfo=UTC)) is None


async def test_a_synthetic_market_tells_its_own_causes_and_never_before_they_happen(tmp_path: Path) -> None:
    as_of = datetime(2020, 3, 1, tzinfo=UTC)
    source = SyntheticNews(7, "1h", CandleReader(tmp_path))
    items = await source.items("BTC/USDT", as_of - timedelta(days=40), as_of)
    assert items
    assert items == await SyntheticNews(7, "1h", CandleReader(tmp_path)).items(
        "BTC/USDT", as_of - timedelta(days=40), as_of
    )
    market = SyntheticMarket(7, "BTC/USDT", "1h")
    for item in items:
        block = market.block(market.index_at(item.published_at - timedelta(hours=1)))
        closed = int(item.published_at.timestamp() * 1000) - 3_600_000
        assert closed in block.spot.timestamp  # told at the close of the bar that it is about
        assert item.source == "synthetic-wire"
    async with hosted(source, as_of, "synthetic") as server:
        told = await server.call("get_headlines", {"symbol": "BTC/USDT"})
        assert told["source"] == "synthetic"
        assert all(one["published_at"] <= told["as_of"] for one in told["headlines"])
