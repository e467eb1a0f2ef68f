"""What no set of ballots may ever do to the tally."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.canonical import canonical_json
from openoutcry.types.record import Decision
from openoutcry.types.votes import Abstain, Ballot
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.openoutcry.voting.ballots import SPOT, settings, silence, snapshot, vote

ANALYSTS = tuple(f"analyst_{i}" for i in range(6))
RISKS, HEDGERS = ("risk_a", "risk_b", "risk_c"), ("hedge_a", "hedge_b")
SEATS = (
    *(Seat(agent=a, weight=round(0.3 + 0.37 * i, 2)) for i, a in enumerate(ANALYSTS)),
    *(Seat(agent=a, voice="risk") for a in RISKS),
    *(Seat(agent=a, voice="hedging", weight=1.0 + i) for i, a in enumerate(HEDGERS)),
)
CALM = settings()
units = st.floats(0.0, 1.0)
prices = st.none() | st.decimals("1", "1000", places=2).map(str)
reasons = st.sampled_from(["deadline", "unreachable", "error", "data_unavailable"])


@st.composite
def directional(draw: st.DrawFn, agent: str) -> Ballot:
    action = draw(st.sampled_from(["BUY", "SELL", "HOLD"]))
    levels = {
        "stop_loss": draw(prices),
        "take_profit": draw(prices),
        "horizon_bars": draw(st.integers(1, 100)),
    }
    return vote(agent, action, draw(units), **levels)


@st.composite
def cautious(draw: st.DrawFn, agent: str) -> Ballot:
    word = draw(st.sampled_from(["APPROVE", "REDUCE", "VETO"]))
    return vote(agent, word, draw(units), size_factor=draw(st.none() | units))


@st.composite
def hedging(draw: st.DrawFn, agent: str) -> Ballot:
    return vote(agent, "HEDGE", draw(units), hedge_ratio=draw(units))


def _maybe(agent: str, spoken: st.SearchStrategy[Ballot]) -> st.SearchStrategy[Ballot | None]:
    return st.none() | reasons.map(lambda reason: silence(agent, reason)) | spoken


rounds = st.tuples(
    *(_maybe(a, directional(a)) for a in ANALYSTS),
    *(_maybe(a, cautious(a)) for a in RISKS),
    *(_maybe(a, hedging(a)) for a in HEDGERS),
).map(lambda ballots: [b for b in ballots if b is not None])


def same(one: Decision, other: Decision) -> bool:
    return canonical_json(one) == canonical_json(other)


@given(rounds, st.randoms(use_true_random=False))
def test_order_does_not_matter(ballots: list[Ballot], random: object) -> None:
    shuffled = list(ballots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same(
        tally(snapshot(), ballots, SEATS, CALM), tally(snapshot(), shuffled, tuple(reversed(SEATS)), CALM)
    )


@given(rounds)
def test_exactly_the_ballots_are_listed(ballots: list[Ballot]) -> None:
    listed = [w.agent for w in tally(snapshot(), ballots, SEATS, CALM).tally.weights]
    assert listed == sorted(b.agent for b in ballots)


@given(rounds)
def test_abstentions_never_count(ballots: list[Ballot]) -> None:
    spoken = [b for b in ballots if not isinstance(b.answer, Abstain)]
    full, bare = tally(snapshot(), ballots, SEATS, CALM), tally(snapshot(), spoken, SEATS, CALM)
    for field in (
        "action",
        "target",
        "confidence",
        "size_factor",
        "hedge_ratio",
        "stop_loss",
        "take_profit",
        "entries_blocked",
    ):
        assert getattr(full, field) == getattr(bare, field)
    assert full.tally.scores == bare.tally.scores
    assert all(not w.counted and w.weight == 0 for w in full.tally.weights if w.note.startswith("abstained"))


@given(rounds, units)
def test_another_risk_vote_never_raises_size_or_lifts_a_block(ballots: list[Ballot], factor: float) -> None:
    seats = (*SEATS, Seat(agent="risk_new", voice="risk"))
    heard_before = any(b.agent in RISKS and not isinstance(b.answer, Abstain) for b in ballots)
    before = tally(snapshot(), ballots, seats, CALM)
    for word in ("APPROVE", "REDUCE", "VETO"):
        after = tally(snapshot(), [*ballots, vote("risk_new", word, 0.5, size_factor=factor)], seats, CALM)
        assert after.size_factor <= before.size_factor
        assert (after.action, after.target) == (before.action, before.target)
        if heard_before and before.entries_blocked:
            assert after.entries_blocked


@given(rounds)
def test_any_veto_blocks_entries_whatever_else_is_said(ballots: list[Ballot]) -> None:
    seats = (*SEATS, Seat(agent="risk_new", voice="risk", weight=0.0))
    decision = tally(snapshot(), [*ballots, vote("risk_new", "VETO", 0.0)], seats, CALM)
    assert decision.entries_blocked is not None
    assert "risk_new" in decision.tally.vetoed_by


@given(rounds)
def test_mirrored_votes_mirror_the_decision(ballots: list[Ballot]) -> None:
    """BUY and SELL are treated alike: neither side wins a tie."""
    flip = {"BUY": "SELL", "SELL": "BUY"}
    mirrored = [
        b.model_copy(
            update={
                "answer": b.answer.model_copy(update={"action": flip.get(b.answer.action, b.answer.action)})
            }
        )
        if not isinstance(b.answer, Abstain)
        else b
        for b in ballots
    ]
    one, other = tally(snapshot(), ballots, SEATS, CALM), tally(snapshot(), mirrored, SEATS, CALM)
    assert other.action == flip.get(one.action, one.action)
    assert other.confidence == one.confidence


@given(rounds)
def test_protective_prices_lie_on_the_right_side_and_were_named_by_someone(ballots: list[Ballot]) -> None:
    decision = tally(snapshot(), ballots, SEATS, CALM)
    price = Decimal(100)
    agreeing = [
        b.answer for b in ballots if not isinstance(b.answer, Abstain) and b.answer.action == decision.action
    ]
    if decision.stop_loss is not None:
        assert (decision.stop_loss < price) == (decision.action == "BUY")
        assert decision.stop_loss in {v.stop_loss for v in agreeing}
    if decision.take_profit is not None:
        assert (decision.take_profit > price) == (decision.action == "BUY")
        assert decision.take_profit in {v.take_profit for v in agreeing}


@given(units, units)
def test_an_exact_tie_is_no_trade(confidence: float, other: float) -> None:
    seats = (Seat(agent="one"), Seat(agent="two"), Seat(agent="three"), Seat(agent="four"))
    ballots = [
        vote("one", "BUY", confidence),
        vote("two", "BUY", other),
        vote("three", "SELL", other),
        vote("four", "SELL", confidence),
    ]
    decision = tally(snapshot(), ballots, seats, CALM)
    assert (decision.action, decision.target) == ("HOLD", "KEEP")
    assert all(b.answer.symbol == SPOT for b in ballots)
