"""``outcry league`` from outside: ranked, reproducible, models from a vendor's server or a cassette, nothing faked."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db.candles import CandleStore, Series
from outcry.__main__ import build
from outcry.committee.market import HISTORY
from tests.agents.practice import practice, said
from tests.mcp_servers.market.hosting import walk

SMALL = ("--windows", "1", "--bars", "24", "--every", "8", "--samples", "100")
VOTE = {"action": "BUY", "confidence": 0.6, "reasoning": "rising", "claims": [], "horizon_bars": 4}
STORED = ("BTC/USDT", *SMALL, "--made", "0")
HAIKU = "technical@anthropic:claude-haiku-4-5"
BUYS = {"model": "claude-haiku-4-5", **said("anthropic", VOTE), "times": 0, "prompt_tokens": 1000}


def hours(home: Path) -> None:
    """Stored hours of January 2024."""
    CandleStore(home).merge(Series("binance", "BTC/USDT", "1h"), walk(HISTORY + 300))


def run(home: Path, *words: str, env: dict[str, str] | None = None):
    return CliRunner().invoke(build("league"), ["league", *words, "--home", str(home)], env=env)


def played(home: Path, *words: str, env: dict[str, str] | None = None):
    done = run(home, *words, "--json", env=env)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return json.loads(done.stdout)


async def beside(server_turns, *words, home, spend="1"):
    """The league, with a practice vendor beside it."""
    async with practice(*server_turns) as (url, server):
        env = {"ANTHROPIC_API_KEY": "k-1", "ANTHROPIC_BASE_URL": url}
        body = await asyncio.to_thread(played, home, *words, "--spend", spend, env=env)
        return body, server


def of(body, name, scope=None):
    rows = next(iter(body["standings"].values())) if scope is None else body["standings"][scope]
    return next((row for row in rows if row["entrant"] == name), None)


def entrant(body, name):
    return next(one for one in body["entrants"] if one["entrant"] == name)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A league of made-up worlds, with its page."""
    home = tmp_path_factory.mktemp("made")
    return played(home, *SMALL, "--out", str(home / "page.html")), home


def test_everybody_is_ranked_over_the_same_decisions(made):
    body, _ = made
    names = {row["entrant"] for row in body["standings"]["all worlds"]}
    assert {"cash", "buy_and_hold", "momentum", "moving_average", "coin", "technical", "trend", "mean_reversion",
            "order_book", "committee", "oracle"} <= names  # fmt: skip
    for rows in body["standings"].values():
        assert len({row["decisions"] for row in rows}) == 1
        ranks = [row["rank"] for row in rows if row["rank"] is not None]
        assert ranks == list(range(1, len(rows)))  # all but the oracle
        sharpes = [row["sharpe"] or 0.0 for row in rows if row["rank"] is not None]
        assert sharpes == sorted(sharpes, reverse=True)


def test_the_same_seed_gives_the_same_json(made):
    body, home = made
    assert played(home, *SMALL) == body
    assert {"seed", "commit", "version", "digest"} <= set(body)


def test_models_without_a_key_are_listed_as_not_run_with_the_variables_name(made):
    body, _ = made
    model = entrant(body, "technical@openai:gpt-5")
    assert (model["status"], model["reason"]) == ("not run", "OPENAI_API_KEY is not set")
    assert model["knows_until"] == "2024-09-30"
    assert all(of(body, one["entrant"]) is None for one in body["entrants"] if one["status"] == "not run")


def test_where_there_is_nothing_to_find_the_control_says_who_seems_to_have(made):
    body, _ = made
    (control,) = body["controls"]
    rows = {row["entrant"]: row for row in body["standings"]["coin-7"]}
    assert control["world"] == "coin-7" and control["entrants"] > 0
    assert all(rows[name]["sharpe_interval"][0] > 0 for name in control["found"])


def test_the_page_draws_everything_and_asks_the_network_for_nothing(made):
    _, home = made
    page = (home / "page.html").read_text()
    assert page.count("<svg") >= 8 and "OPENAI_API_KEY is not set" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|<script|https?://", page)
    assert "default-src 'none'" in page


async def test_a_model_plays_and_pays_and_its_cassette_plays_again_without_a_key(tmp_path):
    mind = ("--mind", "technical=anthropic:claude-haiku-4-5 > rules")
    tape = tmp_path / "tape.jsonl"
    words = (*SMALL, *mind)
    body, server = await beside([BUYS], *words, "--record", str(tape), home=tmp_path)
    row = of(body, HAIKU)
    assert row["words"]["BUY"] == row["decisions"] == 6 and len(server.asked) == 6
    assert row["usd_per_decision"] == pytest.approx(0.0011) and row["brier"] is not None  # 1000 in, 20 out
    assert row["mark"] == "made" and row["rank"] is not None
    assert body["twins"][0]["model"] == HAIKU and body["twins"][0]["rules"] == "technical"

    again = await asyncio.to_thread(played, tmp_path, *SMALL, "--cassette", str(tape))
    assert of(again, HAIKU) == row and again["digest"] == body["digest"]
    assert len(server.asked) == 6

    other = await asyncio.to_thread(played, tmp_path, *SMALL, "--seed", "9", "--cassette", str(tape))
    assert other["digest"] != body["digest"]
    assert of(other, HAIKU) is None and "its cassette is of another league" in entrant(other, HAIKU)["reason"]


async def test_a_model_that_costs_money_is_not_asked_until_some_is_granted_and_never_beyond_it(tmp_path):
    hours(tmp_path)
    words = (*STORED, "--mind", "technical=anthropic:claude-haiku-4-5")
    dear = {**BUYS, "prompt_tokens": 20_000}
    body, server = await beside([dear], *words, home=tmp_path, spend="0")
    assert "--spend" in entrant(body, HAIKU)["reason"] and not server.asked
    body, server = await beside([dear], *words, home=tmp_path, spend="0.045")
    row = of(body, HAIKU)
    assert row["words"]["abstained"] and 0 < row["models_usd"] <= 0.045
    assert set(row["reasons"]) == {"out_of_budget"}


async def test_a_model_that_never_answers_is_not_run_rather_than_a_holder(tmp_path):
    broken = {"model": "claude", "fault": "status", "status": 400, "times": 0}
    hours(tmp_path)
    body, _ = await beside([broken], *STORED, "--mind", "technical=anthropic:claude-haiku-4-5", home=tmp_path)
    model = entrant(body, HAIKU)
    assert model["status"] == "not run" and "abstained 3 times of 3" in model["reason"]
    assert of(body, HAIKU) is None


async def test_what_a_model_may_have_read_is_marked_and_not_ranked(tmp_path):
    """The stored hours are of January 2024: before claude-haiku-4-5's cut-off; of `llama` none is configured."""
    hours(tmp_path)
    async with practice(BUYS, {"object": VOTE, "times": 0}) as (url, _):
        env = {"ANTHROPIC_API_KEY": "k-1", "ANTHROPIC_BASE_URL": url}
        minds = (
            "--mind",
            "technical=anthropic:claude-haiku-4-5",
            "--mind",
            f"trend=compatible:llama@{url}/v1",
        )
        words = (*STORED, "--spend", "1", *minds)
        files = [str(tmp_path / name) for name in ("p.html", "p.json")]
        shown = await asyncio.to_thread(run, tmp_path, *words, "--out", files[0], "--out", files[1], env=env)
    body = json.loads((tmp_path / "p.json").read_text())
    read, unknown = of(body, HAIKU), of(body, "trend@compatible:llama")
    assert (read["mark"], read["rank"]) == ("contaminated", None)
    assert (unknown["mark"], unknown["rank"]) == ("unknown", None)
    assert entrant(body, "trend@compatible:llama")["cut_off"] == "unknown"
    assert all("may have read" in twin["verdict"] for twin in body["twins"])
    assert "CONTAMINATED" in shown.output and "UNKNOWN cut-off" in shown.output
    page = (tmp_path / "p.html").read_text()
    assert "CONTAMINATED" in page and "UNKNOWN cut-off" in page

    (tmp_path / "models.yaml").write_text("models: {claude-haiku-4-5: {knows_until: 2023-12-31}}\n")
    async with practice(BUYS) as (url, _):
        env = {"ANTHROPIC_API_KEY": "k-1", "ANTHROPIC_BASE_URL": url}
        body = await asyncio.to_thread(played, tmp_path, *words[:-2], env=env)
    assert of(body, HAIKU)["mark"] == "clean" and of(body, HAIKU)["rank"] is not None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--mind", "risk=openai:gpt-5"), "--mind"),
        (("--mind", "technical=rules"), "--mind"),
        (("--mind", "technical=openai:nobody-knows-it"), "has no price"),
        (("--made", "0"), "--made 1"),
        (("--every", "24"), "--every"),
        (("--spend", "much"), "--spend"),
        (("--timeframe", "7h"), "--timeframe"),
        (("--out", "table.csv"), "neither a .html nor a .json"),
        (("--out", "nowhere/at/all.html"), "--out"),
        (("BTC/USDT",), "0 bars are stored"),
        (("--cassette", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(tmp_path, words, named):
    done = run(tmp_path, *SMALL, *words)
    assert named in str(done.exception) + done.output
