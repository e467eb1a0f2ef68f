"""The tally at its edges: exactly at a bar, every word of the account, levels by hand, and what each voice is noted for."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.errors import BadInput
from openoutcry.settings import VotingSettings
from openoutcry.types.market import DataFault
from openoutcry.types.votes import Ballot
from openoutcry.voting import levels, words
from openoutcry.voting.direction import weigh
from openoutcry.voting.roll import Heard
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.openoutcry.voting.ballots import APPROVED, PERP, SEATS, SPOT, settings, silence, snapshot, vote

CALM = settings()


def heard(
    action: str, confidence: float = 0.5, weight: float = 1.0, agent: str = "a", **fields: Any
) -> Heard:
    ballot: Any = vote(agent, action, confidence, **fields)
    return Heard(ballot.answer, weight)


def bars(**more: Any) -> VotingSettings:
    return VotingSettings.model_validate({"quorum": 1, "min_consensus": 0.0, "min_confidence": 0.0} | more)


@pytest.mark.parametrize(
    ("votes", "told", "rule", "action"),
    [
        ([heard("BUY", 0.6), heard("SELL", 0.4)], {"min_consensus": 0.6}, "majority", "BUY"),
        ([heard("BUY", 0.6), heard("SELL", 0.4)], {"min_consensus": 0.61}, "min_consensus", "HOLD"),
        ([heard("BUY", 0.5)], {"min_confidence": 0.5}, "majority", "BUY"),
        ([heard("BUY", 0.5)], {"min_confidence": 0.51}, "min_confidence", "HOLD"),
        ([heard("SELL", 0.5)], {"quorum": 1}, "majority", "SELL"),
        ([heard("SELL", 0.5)], {"quorum": 2}, "quorum", "HOLD"),
        ([heard("BUY", 0.5), heard("BUY", 0.5, 0.0)], {"quorum": 2}, "quorum", "HOLD"),
        ([], {"quorum": 1}, "quorum", "HOLD"),
    ],
)
def test_a_bar_that_is_met_is_met(votes: list[Heard], told: dict[str, Any], rule: str, action: str) -> None:
    found = weigh(votes, bars(**told))
    assert (found.rule, found.action) == (rule, action)
    if not votes:
        assert found.scores == {"BUY": 0.0, "SELL": 0.0, "HOLD": 0.0} and (
            found.confidence,
            found.consensus,
        ) == (0.0, 0.0)


def test_small_weights_count_like_large_ones_and_certainty_is_one() -> None:
    found = weigh([heard("BUY", 1.0, 0.01), heard("SELL", 0.5, 0.01)], bars())
    assert found.scores == {"BUY": 0.5, "SELL": 0.25, "HOLD": 0.0}
    assert weigh([heard("BUY", 1.0)], bars()).confidence == 1.0
    sure = weigh([Heard(heard("BUY").vote, 1.0, believed=1.5)], bars())
    assert sure.confidence == 1.0, "more than certain is certain"


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([(5, 1.0)], 5),
        ([(9, 1.0), (5, 1.0)], 5),
        ([(9, 1.1), (5, 1.0)], 9),
        ([(1, 1.0), (2, 1.0), (9, 1.0)], 2),
        ([(1, 3.0), (2, 1.0), (3, 1.0)], 1),
        ([(1, 1.0), (2, 1.0), (3, 2.0)], 2),
        ([(1, 0.9), (2, 1.0), (3, 2.0)], 3),
    ],
)
def test_the_median_is_where_half_of_the_weight_is_reached(
    values: list[tuple[int, float]], median: int
) -> None:
    assert levels.weighted_median(values) == median


def test_levels_are_on_their_side_of_the_price_and_never_at_it() -> None:
    price = Decimal(100)
    at, below, above = (heard("BUY", stop_loss=level, take_profit=level) for level in ("100", "99", "101"))
    assert (
        levels.stop_loss([at, below, above], "BUY", price) == 99
        and levels.take_profit([at, below, above], "BUY", price) == 101
    )
    assert (
        levels.stop_loss([at, below, above], "SELL", price) == 101
        and levels.take_profit([at, below, above], "SELL", price) == 99
    )
    assert levels.stop_loss([at], "BUY", price) is None and levels.take_profit([at], "SELL", price) is None
    assert levels.stop_loss([heard("BUY")], "BUY", price) is None
    assert levels.horizon([]) == 24
    assert levels.horizon([heard("BUY", 0.9, horizon_bars=3), heard("BUY", 0.1, horizon_bars=99)]) == 3


def test_the_hedge_ratio_is_a_mean_of_those_who_named_one_and_weigh() -> None:
    asked = [heard("HEDGE", weight=1.0, hedge_ratio=0.2), heard("HEDGE", weight=3.0, hedge_ratio=0.6)]
    assert levels.hedge_ratio(asked, 1.0) == 0.5
    assert levels.hedge_ratio(asked, 0.4) == 0.4
    mute = heard("HEDGE", weight=0.0, hedge_ratio=0.9)
    assert levels.hedge_ratio([mute], 1.0) is None and levels.hedge_ratio([*asked, mute], 1.0) == 0.5
    assert levels.hedge_ratio([], 1.0) is None


def round_of(*ballots: Ballot, **more: Any) -> Any:
    return tally(snapshot(**more), ballots, SEATS, CALM)


def test_the_account_says_every_word_in_order() -> None:
    decision = round_of(
        vote("technical", "BUY", 0.8, reasoning="up\n  and up"),
        vote("trend", "BUY", 0.6),
        vote("risk", "REDUCE", 0.9, size_factor=0.25),
        vote("hedging", "HEDGE", 0.5, hedge_ratio=0.3),
    )
    assert decision.reasoning.split("\n") == [
        "BUY: consensus 1.00 (needs 0.60), confidence 0.69 (needs 0.30).",
        "Size capped at 25%.",
        "Hedge ratio wanted: 0.30.",
        "- technical: BUY 0.80, weight 1: up and up",
        "- trend: BUY 0.60, weight 1.2: trend says BUY",
        "- risk: REDUCE 0.90, weight 1: risk says REDUCE",
        "- hedging: HEDGE 0.50, weight 1: hedging says HEDGE",
    ]
    plain = round_of(vote("technical", "BUY"), vote("trend", "BUY"), APPROVED)
    assert (
        "Size" not in plain.reasoning and "Hedge" not in plain.reasoning and "blocked" not in plain.reasoning
    )
    vetoed = round_of(
        vote("technical", "BUY"), vote("trend", "BUY"), vote("risk", "VETO", 0.9), silence("hedging")
    )
    assert vetoed.reasoning.split("\n")[1] == "Entries blocked: vetoed by risk."
    assert vetoed.reasoning.split("\n")[-1] == "- hedging abstained (deadline)"
    zero = round_of(
        vote("technical", "BUY"),
        vote("trend", "BUY"),
        APPROVED,
        vote("hedging", "HEDGE", 0.5, hedge_ratio=0.0),
    )
    assert "Hedge ratio wanted: 0.00." in zero.reasoning


def test_a_long_reason_is_cut_at_four_hundred() -> None:
    for length, cut in ((400, False), (401, True)):
        ballot: Any = vote("technical", "BUY", reasoning="x" * length)
        line = words._line(Heard(ballot.answer, 1.0))
        assert line.endswith("…") is cut and line.count("x") == 400


@pytest.mark.parametrize(
    ("ballot", "note"),
    [
        (vote("a", "BUY"), "BUY"),
        (vote("a", "HOLD"), "HOLD"),
        (vote("a", "APPROVE"), "risk voice: APPROVE"),
        (vote("a", "REDUCE"), "risk voice: REDUCE"),
        (vote("a", "VETO"), "risk voice: VETO"),
        (vote("a", "HEDGE", hedge_ratio=0.1), "hedging voice"),
        (silence("a"), "abstained: deadline"),
    ],
)
def test_what_each_is_noted_for(ballot: Any, note: str) -> None:
    assert words.note(ballot.answer) == note


def test_who_counted_and_with_what_is_listed_by_name() -> None:
    seats = (
        *SEATS,
        Seat(agent="mute", weight=0.0),
        Seat(agent="quiet", voice="hedging", weight=0.0),
        Seat(agent="tiny", weight=0.5),
        Seat(agent="small", voice="hedging", weight=0.5),
    )
    ballots = [
        vote("technical", "BUY"),
        vote("mute", "BUY"),
        vote("tiny", "BUY"),
        vote("trend", "BUY"),
        APPROVED,
        vote("hedging", "HEDGE", hedge_ratio=0.1),
        vote("quiet", "HEDGE", hedge_ratio=0.2),
        vote("small", "HEDGE", hedge_ratio=0.1),
        silence("gone"),
    ]
    listed = {
        one.agent: (one.weight, one.counted, one.note)
        for one in tally(snapshot(), ballots, seats, CALM).tally.weights
    }
    assert listed == {
        "technical": (1.0, True, "BUY"),
        "mute": (0.0, False, "BUY"),
        "tiny": (0.5, True, "BUY"),
        "trend": (1.2, True, "BUY"),
        "risk": (0.0, True, "risk voice: APPROVE"),
        "hedging": (0.0, True, "hedging voice"),
        "quiet": (0.0, False, "hedging voice"),
        "small": (0.0, True, "hedging voice"),
        "gone": (0.0, False, "abstained: deadline"),
    }
    assert list(listed) == sorted(listed)


@pytest.mark.parametrize(
    ("action", "kwargs", "blocked"),
    [
        ("SELL", {}, None),
        ("BUY", {"faults": (DataFault(symbol=PERP, kind="stale", detail="old"),)}, None),
        ("SELL", {"faults": (DataFault(symbol=PERP, kind="stale", detail="old"),)}, f"{PERP} stale: old"),
        ("SELL", {"faults": (DataFault(symbol=SPOT, kind="gap", detail="a hole"),)}, f"{SPOT} gap: a hole"),
        ("SELL", {"priced": False}, f"{SPOT} missing: no usable price"),
    ],
)
def test_what_the_data_forbids(action: str, kwargs: dict[str, Any], blocked: str | None) -> None:
    assert (
        round_of(vote("technical", action), vote("trend", action), APPROVED, **kwargs).entries_blocked
        == blocked
    )


def test_a_short_needs_a_price_of_the_perpetual_and_nothing_else_does() -> None:
    blind = snapshot().model_copy(update={"hedge": None})
    for action, blocked in (("SELL", f"{PERP} missing: no usable price"), ("BUY", None)):
        ballots = [vote("technical", action), vote("trend", action), APPROVED]
        assert tally(blind, ballots, SEATS, CALM).entries_blocked == blocked
    faulty = blind.model_copy(update={"faults": (DataFault(symbol=PERP, kind="stale", detail="old"),)})
    ballots = [vote("technical", "SELL"), vote("trend", "SELL"), APPROVED]
    assert tally(faulty, ballots, SEATS, CALM).entries_blocked == f"{PERP} stale: old"


def test_only_analysts_are_believed_as_learned() -> None:
    asked: list[str] = []

    def believe(one: Any) -> float:
        asked.append(one.agent)
        return 0.25

    ballots = [
        vote("technical", "BUY", 0.9),
        vote("trend", "BUY", 0.9),
        APPROVED,
        vote("hedging", "HEDGE", hedge_ratio=0.1),
    ]
    decision = tally(snapshot(), ballots, SEATS, settings(voting={"min_confidence": 0.2}), believe)
    assert asked == ["technical", "trend"] and decision.confidence == 0.25
    assert {one.agent: one.believed for one in decision.tally.weights} == {
        "technical": 0.25,
        "trend": 0.25,
        "risk": None,
        "hedging": None,
    }
    assert "believed 0.25" in decision.reasoning


def test_an_agent_that_weighs_nothing_names_no_horizon() -> None:
    for weight, bars in ((0.0, levels.DEFAULT_HORIZON_BARS), (1.0, 5)):
        seats = (Seat(agent="risk", voice="risk"), Seat(agent="trend", weight=weight))
        decision = tally(snapshot(), [APPROVED, vote("trend", "HOLD", horizon_bars=5)], seats, settings())
        assert (decision.action, decision.horizon_bars) == ("HOLD", bars)


def test_who_sits_or_votes_twice_is_refused_by_name() -> None:
    twice = vote("trend", "BUY")
    for ballots, seats, field in (
        ([twice, twice], SEATS, "ballots"), ([twice], [*SEATS, SEATS[0]], "seats"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            tally(snapshot(), ballots, seats, settings())
        assert refused.value.field == field
