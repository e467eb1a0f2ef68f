"""``doctor`` reads every feed that the news server is told to read, and the options that run news and memory are checked."""

from pathlib import Path

import pytest
import yaml

from openoutcry.errors import BadConfig
from outcry.checks.outside import feeds
from outcry.opening.seats import served

SECRET = "canary-feed-4711"


async def test_nothing_is_said_without_feeds(tmp_path: Path) -> None:
    assert await feeds(tmp_path) == []


async def test_each_place_is_read_and_named_without_its_address(tmp_path: Path) -> None:
    (tmp_path / "news.xml").write_text("<rss/>")
    told = {
        "feeds": {"desk": "news.xml", "gone": f"{SECRET}.xml", "open": f"http://10.0.0.1/{SECRET}"},
        "fear_greed": f"https://me:{SECRET}@example.com/",
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"news": told}))
    found = {check.said.partition(":")[0]: check for check in await feeds(tmp_path)}
    assert {name: check.state for name, check in found.items()} == {
        "news.feeds.desk": "ok", "news.feeds.gone": "warn", "news.feeds.open": "fail", "news.fear_greed": "fail",
    }  # fmt: skip
    assert SECRET not in repr(found)


def test_servers_that_run_beside_are_checked() -> None:
    assert served(None) == ()
    assert served("memory, news,memory") == ("memory", "news")
    with pytest.raises(BadConfig, match="--servers: 'market' is none of news, memory"):
        served("market")
