"""Credit, hindsight, calibration, ensembles and debates at their edges: by hand, to the digit."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from openoutcry.errors import BadInput
from openoutcry.types.votes import ToolUse
from openoutcry.voting.calibration import calibrate
from openoutcry.voting.credit import MOST, credit, strength
from openoutcry.voting.debate import _argument, settled
from openoutcry.voting.ensemble import CAP, Signal, Standing, call, learned, standing
from openoutcry.voting.hindsight import Judged, Said, judge
from tests.openoutcry.voting.ballots import silence, vote

AT = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = UUID(int=1)


def test_strength_is_signed_and_a_share_of_all_who_spoke() -> None:
    assert strength([]) == 0.0 and strength([("a", "BUY", 0.8, 0.0)]) == 0.0
    assert strength([("a", "BUY", 0.8, 0.5)]) == 0.8
    assert strength(
        [("a", "BUY", 0.8, 1.0), ("b", "SELL", 0.4, 1.0), ("c", "HOLD", 0.9, 2.0)]
    ) == pytest.approx(0.1)


@pytest.mark.parametrize("many", [MOST, MOST + 1])
def test_parts_add_up_whether_counted_or_stood_for(many: int) -> None:
    voters = [(f"a{n}", ("BUY", "SELL", "HOLD")[n % 3], 0.5 + n / 100, 0.05 + n / 100) for n in range(many)]
    found = credit(voters)
    assert sum(found.values()) == pytest.approx(strength(voters), abs=1e-9) and len(found) == many


def test_beyond_twelve_each_ones_part_of_the_sum_stands_for_it() -> None:
    voters = [(f"a{n}", "BUY" if n else "SELL", 0.5, 0.02) for n in range(MOST + 1)]
    found = credit(voters)
    assert found["a0"] == pytest.approx(-0.5 / 13) and found["a1"] == pytest.approx(0.5 / 13)
    assert set(credit([(f"a{n}", "BUY", 0.5, 0.0) for n in range(MOST + 1)]).values()) == {0.0}
    exact = credit([("a", "BUY", 1.0, 1.0), *((f"h{n}", "HOLD", 0.5, 1.0) for n in range(MOST - 1))])
    assert exact["a"] > 1 / MOST, "up to twelve, who speaks among the silent is worth more than a share"


def said(action: Any, hour: int = 0, agent: str = "a", **more: Any) -> Said:
    return Said(agent, SESSION, AT + hour * HOUR, action, 0.7, 100.0, HOUR, 2, 0.25, 0.5)._replace(**more)


def judged_at(action: Any, price: float) -> Judged:
    (found,), pending = judge([said(action)], {SESSION: [(AT + 2 * HOUR, price)]})
    assert pending == 0
    return found


@pytest.mark.parametrize(
    ("action", "price", "right", "gain"),
    [
        ("BUY", 125.0, False, 0.0),
        ("BUY", 150.0, True, 0.25),
        ("SELL", 75.0, False, 0.0),
        ("SELL", 50.0, True, 0.25),
        ("HOLD", 150.0, True, 0.0),
        ("HOLD", 50.0, True, 0.0),
        ("HOLD", 175.0, False, 0.0),
        ("BUY", 50.0, False, -0.75),
    ],
)
def test_what_only_pays_its_costs_was_not_right(action: Any, price: float, right: bool, gain: float) -> None:
    found = judged_at(action, price)
    assert (found.right, found.gain) == (right, gain)


def test_ends_come_in_the_order_in_which_they_became_known() -> None:
    line = [(AT + hour * HOUR, 100.0 + hour) for hour in range(6)]
    votes = [
        said("BUY", 2),
        said("BUY", 0, "z"),
        said("BUY", 0, "b"),
        said("BUY", 0, horizon_bars=3),
        said("BUY", 9),
        said("BUY", price=None),
    ]
    found, pending = judge(votes, {SESSION: line})
    assert [(one.agent, (one.known_at - AT) / HOUR) for one in found] == [
        ("b", 2),
        ("z", 2),
        ("a", 3),
        ("a", 4),
    ] and pending == 2


def judged(confidence: float, right: bool, gain: float = 0.0) -> Judged:
    return Judged("a", SESSION, AT, AT + HOUR, "BUY", confidence, right, gain, gain)


def test_bins_are_open_below_and_closed_above_and_the_first_has_zero() -> None:
    found = calibrate([judged(c, True) for c in (0.0, 0.1, 0.10001, 0.5, 0.50001, 0.9, 0.90001, 1.0)])
    assert [row.count for row in found.bins] == [2, 1, 0, 0, 1, 1, 0, 0, 1, 2]
    assert [(row.lower, row.upper) for row in found.bins] == [(n / 10, (n + 1) / 10) for n in range(10)]
    two = calibrate([judged(0.25, False), judged(0.75, True)], bins=2)
    assert [(row.lower, row.upper, row.mean_confidence, row.accuracy) for row in two.bins] == [
        (0.0, 0.5, 0.25, 0.0),
        (0.5, 1.0, 0.75, 1.0),
    ]
    assert (two.ece, two.brier, two.brier_skill) == (0.25, 0.0625, 0.75)
    assert calibrate([judged(0.5, True)]).brier_skill is None


def test_a_call_at_the_least_strength_is_one_and_its_shares_are_by_kind() -> None:
    at = call("X", [Signal("a", "X", "buy", 0.05)], {"a": 2.0}, "weighted_voting")
    assert (at.direction, at.emitted, at.strength, at.agreeing) == ("buy", True, 0.05, ("a",))
    assert (
        call("X", [Signal("a", "X", "buy", 0.05)], {"a": 2.0}, "weighted_voting", least=0.06).emitted is False
    )
    none = call("X", [], {"a": 1.0}, "soft_voting")
    assert (none.direction, none.strength, none.strengths, none.agreeing) == ("hold", 0.0, {}, ())
    signals = [
        Signal("c", "X", "short", 0.5, 3.0, 9.0),
        Signal("a", "X", "short", 0.5, None, 7.0),
        Signal("b", "X", "cover", 0.8),
        Signal("d", "Y", "buy", 1.0),
        Signal("e", "X", "buy", 1.0),
    ]
    weights = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 1.0, "e": 0.0}
    soft = call("X", signals, weights, "soft_voting")
    assert soft.strengths == pytest.approx({"short": 1.0 / 3, "cover": 0.8 / 3})
    assert (soft.direction, soft.agreeing, soft.target_price, soft.stop_loss) == (
        "short",
        ("a", "c"),
        3.0,
        8.0,
    )
    hard = call("X", signals, weights, "hard_voting")
    assert hard.strengths == pytest.approx({"short": 2 / 3, "cover": 1 / 3})
    assert call("X", signals, weights, "weighted_voting").strengths == pytest.approx(
        {"short": 2.5 / 7, "cover": 1.6 / 7}
    )


def votes(*gains: float) -> list[Judged]:
    return [judged(0.6, gain > 0, gain) for gain in gains]


@pytest.mark.parametrize(
    ("gains", "factor", "ratio", "deepest", "score"),
    [
        ((0.5,), None, None, 0.0, 0.3 + 0.3 * 3 + 0.2),
        ((0.0,), None, None, 0.0, 0.2),
        ((-0.5,), 0.0, None, 0.5, 0.2 * 0.5),
        ((0.5, 0.5), None, None, 0.0, 0.3 + 0.3 * 3 + 0.2),
        ((0.0, 0.0), None, None, 0.0, 0.2),
        ((-2.0,), 0.0, None, 1.0, 0.0),
        ((0.4, -0.1), 4.0, 0.4242640687, 0.1, 0.15 + 0.3 * 3 + 0.2 * 0.4242640687 + 0.2 * 0.9),
    ],
)
def test_a_standing_by_hand(
    gains: tuple[float, ...], factor: float | None, ratio: float | None, deepest: float, score: float
) -> None:
    found = standing(votes(*gains))
    assert found is not None and found.cases == len(gains)
    assert found.profit_factor == (None if factor is None else pytest.approx(factor))
    assert found.sharpe_ratio == (None if ratio is None else pytest.approx(ratio))
    assert (found.max_drawdown, found.score) == (pytest.approx(deepest), pytest.approx(score))


def stands(**more: Any) -> Standing:
    known: dict[str, Any] = {
        "cases": 1,
        "accuracy": 0.5,
        "profit_factor": 2.0,
        "sharpe_ratio": 1.0,
        "max_drawdown": 0.0,
        "total_gain": 0.0,
        "score": 0.25,
    }
    return Standing(**known | more)


@pytest.mark.parametrize(
    ("metric", "one", "other", "apart"),
    [
        ("accuracy", {"accuracy": 1.0}, {"accuracy": 0.25}, 0.75),
        ("composite", {"score": 2.0}, {"score": 1.0}, 1.0),
        ("profit_factor", {"profit_factor": None}, {"profit_factor": 1.0}, CAP - 1.0),
        ("profit_factor", {"profit_factor": 9.0}, {"profit_factor": 1.0}, CAP - 1.0),
        ("profit_factor", {"profit_factor": 2.5}, {"profit_factor": 1.0}, 1.5),
        ("sharpe_ratio", {"sharpe_ratio": 9.0}, {"sharpe_ratio": -9.0}, 2 * CAP),
        ("sharpe_ratio", {"sharpe_ratio": None}, {"sharpe_ratio": -1.5}, 1.5),
        ("sharpe_ratio", {"sharpe_ratio": 2.0}, {"sharpe_ratio": 1.5}, 0.5),
    ],
)
def test_weights_are_learned_from_the_figure_asked_for(
    metric: Any, one: dict[str, Any], other: dict[str, Any], apart: float
) -> None:
    from math import exp

    after = learned({"a": 1.0, "b": 1.0}, {"a": stands(**one), "b": stands(**other)}, metric)
    assert after["a"] == pytest.approx(0.7 * 0.5 + 0.3 * exp(apart) / (exp(apart) + 1))
    assert after["a"] + after["b"] == pytest.approx(1.0)


def test_what_cannot_be_learned_is_named() -> None:
    for weights, standings, field in (
        ({"a": 0.0}, {"a": stands()}, "id"),
        ({"a": 1.0}, {"a": None}, "lookback_days"),
        ({"a": 1.0}, {"b": stands()}, "lookback_days"),
    ):
        with pytest.raises(BadInput) as refused:
            learned(weights, standings, "accuracy")  # type: ignore[arg-type]
        assert refused.value.field == field


def use(result_id: str, **result: Any) -> ToolUse:
    return ToolUse(result_id=result_id, tool="market.get_candles", arguments={}, result=result)


def test_an_argument_cites_what_it_saw_once_and_in_its_order() -> None:
    uses = tuple(use(f"r{n}", close=float(n)) for n in range(6))
    ballot = vote("a", "SELL", evidence=("r2", "nothing", "r1", "r2", "r5", "r4", "r3")).model_copy(
        update={"tool_uses": uses}
    )
    said_ = _argument(ballot.answer, ballot)  # type: ignore[arg-type]
    assert [point.result_id for point in said_.cites] == ["r2", "r1", "r5", "r4"]
    assert (said_.claims, said_.agent, said_.cites[0].figures) == ("price_falls", "a", {"/close": 2.0})


def test_who_does_not_think_again_keeps_its_vote_and_the_other_is_kept_beside() -> None:
    first = vote("a", "BUY")
    for again in (silence("a"), vote("a", "SELL")):
        kept = settled(first, again, ())
        assert (
            kept.answer == first.answer
            and kept.debate is not None
            and kept.debate.stood
            and kept.debate.other == again
        )
    model = vote("a", "SELL")
    model = model.model_copy(update={"mind": model.mind.model_copy(update={"model": "scripted"})})
    turned = settled(first, model, ())
    assert (
        turned.answer == model.answer
        and turned.debate is not None
        and not turned.debate.stood
        and turned.debate.other == first
    )


def test_a_vote_of_which_no_more_is_said_is_one_of_rules_on_recorded_data() -> None:
    unsaid = {"market": "unknown", "mind": "rules", "source": "recorded"}
    assert Said._field_defaults == unsaid and Judged._field_defaults == {**unsaid, "horizon_bars": 24}
