"""The tally's cases, one behaviour per test."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.errors import BadInput
from openoutcry.types.market import DataFault
from openoutcry.types.votes import Ballot
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.openoutcry.voting.ballots import APPROVED, PERP, SEATS, SPOT, settings, silence, snapshot, vote

CALM = settings()


@pytest.mark.parametrize(
    ("technical", "trend", "action", "rule"),
    [
        (("BUY", 0.8), ("BUY", 0.6), "BUY", "majority"),
        (("SELL", 0.8), ("SELL", 0.6), "SELL", "majority"),
        (("BUY", 0.7), ("HOLD", 0.6), "BUY", "majority"),  # 0.7 / 2.2 = 0.318
        (("BUY", 0.6), ("HOLD", 0.6), "HOLD", "min_confidence"),  # HOLD's weight dilutes: 0.6 / 2.2 = 0.273
        (("BUY", 0.6), ("SELL", 0.6), "HOLD", "min_consensus"),
        (("BUY", 0.6), ("SELL", 0.5), "HOLD", "tie"),  # 1.0 x 0.6 = 1.2 x 0.5
        (("HOLD", 0.6), ("HOLD", 0.6), "HOLD", "no_direction"),
        (("BUY", 0.0), ("SELL", 0.0), "HOLD", "no_direction"),
    ],
)
def test_directions(technical: tuple[str, float], trend: tuple[str, float], action: str, rule: str) -> None:
    decision = tally(
        snapshot(), [vote("technical", *technical), vote("trend", *trend), APPROVED], SEATS, CALM
    )
    assert (decision.action, decision.tally.rule) == (action, rule)
    assert decision.entries_blocked is None
    assert decision.tally.voters == 2


def test_scores_are_shares_of_the_counted_weight() -> None:
    decision = tally(
        snapshot(), [vote("technical", "BUY", 0.5), vote("trend", "SELL", 1.0), APPROVED], SEATS, CALM
    )
    assert decision.tally.scores == {"BUY": round(0.5 / 2.2, 12), "SELL": round(1.2 / 2.2, 12), "HOLD": 0.0}
    assert decision.confidence == decision.tally.scores["SELL"]
    assert decision.tally.consensus == pytest.approx(1.2 / 1.7)


def test_quorum_counts_directional_votes_of_positive_weight() -> None:
    alone = [vote("trend", "BUY", 1.0), silence("technical"), APPROVED]
    decision = tally(snapshot(), alone, SEATS, CALM)
    assert (decision.action, decision.tally.rule, decision.tally.voters) == ("HOLD", "quorum", 1)
    mute = tuple(
        Seat(agent=s.agent, voice=s.voice, weight=0.0 if s.agent == "technical" else s.weight) for s in SEATS
    )
    with_mute = [vote("trend", "BUY", 1.0), vote("technical", "BUY", 1.0), APPROVED]
    assert tally(snapshot(), with_mute, mute, CALM).tally.rule == "quorum"


@pytest.mark.parametrize(
    ("action", "perp", "short", "target"),
    [
        ("BUY", True, True, "LONG"),
        ("BUY", False, False, "LONG"),
        ("SELL", True, True, "SHORT"),
        ("SELL", True, False, "FLAT"),
        ("SELL", False, True, "FLAT"),
        ("HOLD", True, True, "KEEP"),
    ],
)
def test_targets(action: str, perp: bool, short: bool, target: str) -> None:
    ballots = [vote("technical", action), vote("trend", action), APPROVED]
    assert tally(snapshot(perp=perp), ballots, SEATS, settings(allow_short=short)).target == target


def test_a_veto_blocks_entries_and_leaves_exits() -> None:
    ballots = [vote("technical", "SELL"), vote("trend", "SELL"), vote("risk", "VETO", 1.0)]
    decision = tally(snapshot(), ballots, SEATS, CALM)
    assert (decision.action, decision.target) == ("SELL", "SHORT")
    assert decision.entries_blocked == "vetoed by risk"
    assert decision.tally.vetoed_by == ("risk",)
    assert decision.size_factor == 0.0


@pytest.mark.parametrize(
    ("word", "fields", "factor"),
    [
        ("APPROVE", {}, 1.0),
        ("APPROVE", {"size_factor": 0.7}, 0.7),
        ("REDUCE", {"size_factor": 0.25}, 0.25),
        ("REDUCE", {}, 0.5),
    ],
)
def test_the_risk_voice_shrinks(word: str, fields: dict[str, float], factor: float) -> None:
    ballots = [vote("technical", "BUY"), vote("trend", "BUY"), vote("risk", word, 0.9, **fields)]
    decision = tally(snapshot(), ballots, SEATS, CALM)
    assert (decision.size_factor, decision.entries_blocked) == (factor, None)


@pytest.mark.parametrize("ballots", [[], [silence("risk", "unreachable")]])
def test_no_risk_voice_no_entries_unless_configured_otherwise(ballots: list[Ballot]) -> None:
    votes = [vote("technical", "BUY"), vote("trend", "BUY"), *ballots]
    assert tally(snapshot(), votes, SEATS, CALM).entries_blocked == "risk voice absent"
    lenient = tally(snapshot(), votes, SEATS, settings(voting={"require_risk_voice": False}))
    assert (lenient.entries_blocked, lenient.size_factor) == (None, 1.0)


def test_hedge_ratio_is_a_clamped_weighted_mean_and_none_when_nobody_asks() -> None:
    seats = (*SEATS, Seat(agent="hedging_two", voice="hedging", weight=3.0))
    asked = [
        vote("hedging", "HEDGE", 0.9, hedge_ratio=0.2),
        vote("hedging_two", "HEDGE", 0.1, hedge_ratio=1.0),
        APPROVED,
    ]
    assert tally(snapshot(), asked, seats, CALM).hedge_ratio == pytest.approx(0.8)
    assert tally(snapshot(), asked, seats, settings(hedging={"max_ratio": 0.5})).hedge_ratio == 0.5
    assert tally(snapshot(), [APPROVED], seats, CALM).hedge_ratio is None
    assert tally(snapshot(), asked, seats, settings(hedging={"enabled": False})).hedge_ratio is None
    assert tally(snapshot(perp=False), asked, seats, CALM).hedge_ratio is None


def test_faults_block_entries_with_their_reason() -> None:
    stale = DataFault(symbol=SPOT, kind="stale", detail="last bar is 5 h old")
    buy = [vote("technical", "BUY"), vote("trend", "BUY"), APPROVED]
    blocked = tally(snapshot(faults=(stale,)), buy, SEATS, CALM)
    assert blocked.entries_blocked == "BTC/USDT stale: last bar is 5 h old"
    assert blocked.action == "BUY"
    assert (
        tally(snapshot(priced=False), buy, SEATS, CALM).entries_blocked == "BTC/USDT missing: no usable price"
    )


def test_a_fault_of_the_perpetual_stops_shorts_and_leaves_hedges_alone() -> None:
    fault = DataFault(symbol=PERP, kind="gap", detail="3 bars are missing")
    hedge = vote("hedging", "HEDGE", hedge_ratio=0.4)
    buy = tally(
        snapshot(faults=(fault,)),
        [vote("technical", "BUY"), vote("trend", "BUY"), APPROVED, hedge],
        SEATS,
        CALM,
    )
    assert (buy.entries_blocked, buy.hedge_ratio) == (None, None)
    sell = tally(
        snapshot(faults=(fault,)), [vote("technical", "SELL"), vote("trend", "SELL"), APPROVED], SEATS, CALM
    )
    assert sell.entries_blocked == "BTC/USDT:USDT gap: 3 bars are missing"


@pytest.mark.parametrize(
    ("intruder", "why"),
    [
        (
            vote("technical", "BUY").model_copy(update={"answer": vote("trend", "BUY").answer}),
            "answered as trend",
        ),
        (vote("technical", "BUY", symbol="ETH/USDT"), "answered for ETH/USDT"),
        (vote("technical", "VETO"), "VETO is not a word of the analysis voice"),
        (vote("stranger", "BUY"), "has no seat on this floor"),
    ],
)
def test_a_ballot_out_of_place_is_an_abstention(intruder: Ballot, why: str) -> None:
    decision = tally(snapshot(), [intruder, vote("trend", "SELL"), APPROVED], SEATS, CALM)
    entry = next(w for w in decision.tally.weights if w.agent == intruder.agent)
    assert (entry.weight, entry.counted) == (0.0, False)
    assert entry.note == f"abstained: wrong_agent ({why})"
    assert decision.tally.voters == 1
    assert decision.entries_blocked is None
    assert f"- {intruder.agent} abstained (wrong_agent): {why}" in decision.reasoning


def test_p2_two_ballots_or_two_seats_of_one_agent_are_refused() -> None:
    with pytest.raises(BadInput, match="trend has more than one ballot"):
        tally(snapshot(), [vote("trend", "BUY"), vote("trend", "BUY")], SEATS, CALM)
    with pytest.raises(BadInput, match="more than one seat"):
        tally(snapshot(), [], (*SEATS, SEATS[0]), CALM)


def test_levels_come_from_agreeing_votes_on_the_right_side() -> None:
    seats = (*SEATS, Seat(agent="third"), Seat(agent="dissent", weight=0.1))
    ballots = [
        vote("technical", "BUY", 0.8, stop_loss="95", take_profit="110", horizon_bars=12),
        vote("trend", "BUY", 0.8, stop_loss="90", take_profit="99", horizon_bars=48),
        vote("third", "BUY", 0.8, stop_loss="105", horizon_bars=24),
        vote("dissent", "SELL", 0.8, stop_loss="97", take_profit="80", horizon_bars=1),
        APPROVED,
    ]
    decision = tally(snapshot(), ballots, seats, CALM)
    assert decision.stop_loss == Decimal(90)  # weights 1.2 (90) against 1.0 (95); 105 is above the price
    assert decision.take_profit == Decimal(110)
    assert decision.horizon_bars == 24


def test_a_short_mirrors_the_sides() -> None:
    levels: dict[str, Any] = {"stop_loss": "104", "take_profit": "92"}
    wrong: dict[str, Any] = {"stop_loss": "96", "take_profit": "108"}
    right = tally(
        snapshot(),
        [vote("technical", "SELL", **levels), vote("trend", "SELL", **levels), APPROVED],
        SEATS,
        CALM,
    )
    assert (right.stop_loss, right.take_profit) == (Decimal(104), Decimal(92))
    none = tally(
        snapshot(),
        [vote("technical", "SELL", **wrong), vote("trend", "SELL", **wrong), APPROVED],
        SEATS,
        CALM,
    )
    assert (none.stop_loss, none.take_profit) == (None, None)


def test_reasoning_reads_as_an_account() -> None:
    ballots = [
        vote("technical", "BUY", 0.8, reasoning="RSI 28 is oversold\nand  turning"),
        vote("trend", "BUY", 0.5),
        vote("risk", "REDUCE", 0.7, size_factor=0.5),
        silence("hedging", "data_unavailable"),
    ]
    assert tally(snapshot(), ballots, SEATS, CALM).reasoning.splitlines() == [
        "BUY: consensus 1.00 (needs 0.60), confidence 0.64 (needs 0.30).",
        "Size capped at 50%.",
        "- technical: BUY 0.80, weight 1: RSI 28 is oversold and turning",
        "- trend: BUY 0.50, weight 1.2: trend says BUY",
        "- risk: REDUCE 0.70, weight 1: risk says REDUCE",
        "- hedging abstained (data_unavailable)",
    ]
