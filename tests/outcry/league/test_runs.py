"""A floor's recorded run in the league: its model with what it said then, everybody else at the same moments."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from openoutcry.types.market import Bar, Quote, Snapshot
from openoutcry.types.votes import Ballot, MindUse, Vote
from tests.mcp_servers.market.hosting import START, walk
from tests.outcry.league.test_league import entrant, hours, of, played, run
from wire.cassette import VERSION, Recorder
from wire.config import RunSpec

HAIKU = "trend@anthropic:claude-haiku-4-5"
AT, ROUNDS = 450, 6
NAMES = ("open", "high", "low", "close", "volume")


def snapshot(bar: int, price: float | None = None) -> Snapshot:
    as_of = START + timedelta(hours=bar + 1)
    given = [Decimal(str(float(column[bar]))) for column in walk(AT + 20).arrays()[1:]]
    bar_of = Bar(opened_at=as_of - timedelta(hours=1), **dict(zip(NAMES, given, strict=True)))
    quote = Quote(symbol="BTC/USDT", price=Decimal(str(price or bar_of.close)), bar=bar_of)
    return Snapshot(
        symbol="BTC/USDT", timeframe="1h", seq=bar - AT + 1, as_of=as_of, source="recorded", quote=quote, data_digest="d",
    )  # fmt: skip


def taped(path, *, minds=(), price=None, rounds=ROUNDS):
    """What `outcry up --record` writes of a run's votes: one a bar, BUY by a model unless `minds` says whose it is."""
    up, floor = Recorder(path, "up"), Recorder(path, "orchestrator")
    spec = RunSpec(market="recorded", symbols=("BTC/USDT",), timeframe="1h")
    up.write(
        "header", version=VERSION, run=spec.model_dump(mode="json"), settings={}, prices={}, agents=["trend"]
    )
    for number in range(rounds):
        seen = snapshot(AT + number, price)
        mind = MindUse(model=dict(minds).get(number, HAIKU.partition("@")[2]), cost_usd=Decimal("0.002"))
        vote = Vote(agent="trend", symbol="BTC/USDT", action="BUY", confidence=0.8, reasoning="it rises")
        ballot = Ballot(agent="trend", answer=vote, mind=mind)
        asked = {"snapshot": seen.model_dump(mode="json")}
        floor.write("call", name="agent-trend.vote", asked=asked, result=ballot.model_dump(mode="json"))
    floor.write("end", closed=True, heads={})
    return path


def test_a_runs_model_stands_beside_the_others_over_its_own_rounds(tmp_path):
    hours(tmp_path)
    file = taped(tmp_path / "run.cassette", minds={2: "rules"})
    body = played(tmp_path, "--made", "0", "--samples", "100", "--cassette", str(file))
    (world,) = body["worlds"]
    assert world["world"] == "run.cassette BTC/USDT"
    assert world["windows"][0] == {
        "from": snapshot(AT).as_of.isoformat(), "to": snapshot(AT + ROUNDS).as_of.isoformat(), "bars": ROUNDS + 1,
    }  # fmt: skip
    row = of(body, HAIKU)
    assert row["words"] == {"BUY": ROUNDS - 1, "SELL": 0, "HOLD": 0, "abstained": 1}  # once rules stood in
    assert row["reasons"] == {"error": 1} and row["mark"] == "contaminated"
    assert row["usd_per_decision"] == pytest.approx(0.002)
    assert {one["decisions"] for one in body["standings"][world["world"]]} == {ROUNDS}
    assert of(body, "trend") is not None and body["twins"][0]["rules"] == "trend"
    assert entrant(body, HAIKU)["status"] == "ran"
    assert json.dumps(body) == json.dumps(
        played(tmp_path, "--made", "0", "--samples", "100", "--cassette", str(file))
    )


@pytest.mark.parametrize(
    ("changes", "words", "named"),
    [
        ({"price": 1.5}, (), "the run saw BTC/USDT at 1.5"),
        ({"rounds": 2}, (), "fewer than 3 rounds"),
        ({}, ("--timeframe", "1m"), "--timeframe"),
    ],
)
def test_a_run_that_cannot_be_played_over_what_is_stored_is_refused(tmp_path, changes, words, named):
    hours(tmp_path)
    file = taped(tmp_path / "run.cassette", **changes)
    done = run(tmp_path, "--made", "0", "--cassette", str(file), *words)
    assert done.exit_code != 0 and named in str(done.exception) + done.output
