"""The report as text: everything is in it, nothing is asked of anyone, no text is markup."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from openoutcry.backtest.report.months import monthly
from tests.openoutcry.backtest.report.reporting import html, named, reported

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Elements(HTMLParser):
    """Every element with its attributes, and the text of the page outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.scripts, self._in = "", [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag):
        self._in = ""

    def handle_data(self, data):
        if self._in == "script":
            self.scripts.append(data)
        elif self._in != "style":
            self.text += data


def payload(text: str):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def test_every_part_is_there():
    page = Elements(html(reported()))
    for heading in ("Account", "Returns by month", "Trades on candles", "How trades ended", "Trades (", "All figures",
                    "Settings and provenance"):  # fmt: skip
        assert heading in page.text
    for told in ("RECORDED DATA", "BTC/USDT", "2023-01-01 to 2023-05-05", "too few", "2,999 of 3,000 bars", "abc123",
                 "sma_cross_up", "window=3", "max drawdown limit", "sharpe ratio", "next_open"):  # fmt: skip
        assert told in page.text


def test_nothing_is_asked_of_anyone():
    text = html(reported())
    page = Elements(text)
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "base", "form"} == set()
    assert [
        attrs for _, attrs in page.elements if "src" in attrs or "href" in attrs or "onload" in attrs
    ] == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|importScripts", text)
    policy = next(
        attrs for tag, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy["content"].startswith("default-src 'none'")
    assert "Leon Sorokin" in text  # the charts' licence travels along


@pytest.mark.parametrize("name", [EVIL, "<script>", "a & b", "é\u2028\n", "]]>", "{{7*7}}"])
def test_a_name_stays_a_name(name):
    plain, hostile = Elements(html(named("plain"))), html(named(name))
    page = Elements(hostile)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert [list(attrs) for _, attrs in page.elements] == [list(attrs) for _, attrs in plain.elements]
    assert len(page.scripts) == len(plain.scripts)
    assert name in page.text
    assert payload(hostile)["candles"][0]["symbol"] == name


def test_the_numbers_behind_the_charts_are_the_runs():
    report = reported()
    found, whole = payload(html(report)), report.together
    assert found["equity"]["v"][-1] == pytest.approx(whole.equity[-1], rel=1e-7)
    assert min(found["equity"]["fall"]) == pytest.approx(-100 * report.metrics.max_drawdown, rel=1e-6)
    assert found["trades"]["total"] == report.metrics.total_trades == len(found["trades"]["pnl"])
    assert sum(found["trades"]["pnl"]) == pytest.approx(report.metrics.net_pnl, rel=1e-6)
    held = report.metrics.benchmark_return or 0.0
    assert found["equity"]["hold"][-1] == pytest.approx(10_000 * (1 + held), rel=1e-6)
    (drawn,) = found["candles"]
    assert (drawn["bar"], drawn["thinned"], len(drawn["t"])) == ("1h", False, 3_000)


def test_a_long_run_is_thinned_and_a_busy_one_cut():
    report = reported(40_000, every=4)
    text = html(report)
    found = payload(text)
    (drawn,) = found["candles"]
    assert (drawn["bar"], drawn["thinned"]) == ("4h", True)
    assert max(drawn["h"]) == pytest.approx(report.outcomes["BTC/USDT"].series.candles.high.max(), rel=1e-7)
    assert len(found["equity"]["t"]) <= 6_000
    assert (len(found["trades"]["pnl"]), found["trades"]["total"] > 5_000) == (5_000, True)
    assert f"The first 5,000 of {report.metrics.total_trades:,}." in text
    assert len(text) < 2_000_000


def test_several_symbols_have_a_chart_each():
    text = html(reported(symbols=("BTC/USDT", "ETH/USDT")))
    assert [drawn["symbol"] for drawn in payload(text)["candles"]] == ["BTC/USDT", "ETH/USDT"]
    assert '<select id="symbol"' in text


def test_a_run_without_a_trade_has_a_report_too():
    text = html(reported(300, every=290))
    assert "No trade ended." in text
    assert payload(text)["trades"]["total"] == 0


def test_months_are_those_of_the_closes():
    moments = [
        (2023, 12, 31, 23),
        (2024, 1, 1, 0),
        (2024, 1, 15, 0),
        (2024, 2, 1, 0),
        (2024, 2, 1, 1),
        (2024, 4, 2, 0),
    ]
    times = np.array([int(datetime(*at, tzinfo=UTC).timestamp() * 1000) for at in moments])
    found = monthly(times, np.array([100.0, 110.0, 121.0, 99.0, 108.9, 217.8]), 100.0)
    assert found[2023] == {12: pytest.approx(0.10), 0: pytest.approx(0.10)}  # midnight closes the old year
    assert found[2024] == {
        1: pytest.approx(-0.10), 2: pytest.approx(0.10), 4: pytest.approx(1.0), 0: pytest.approx(217.8 / 110 - 1),
    }  # fmt: skip


def test_the_years_multiply_to_the_whole():
    report = reported()
    found = monthly(report.together.times, report.together.equity, report.metrics.starting_balance)
    whole = np.prod([1 + year[0] for year in found.values()])
    months = np.prod([1 + value for year in found.values() for month, value in year.items() if month])
    assert whole == pytest.approx(1 + report.metrics.total_return)
    assert months == pytest.approx(whole)
