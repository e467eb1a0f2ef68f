"""The rows of what was said: the floor's decision and the votes it was made of."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from openoutcry.canonical import derived_id
from openoutcry.embedding import as_float32
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.rows import DecisionRow, OutcomeRow, VoteRow
from openoutcry.ledger.situation import clean, context_of, prompt_of
from openoutcry.strategy.seat import Seated, sat
from openoutcry.types.record import AgentWeight, CycleRecord
from openoutcry.types.votes import Abstain, Ballot

FLOOR = "floor"
CONTEXT_EMBEDDER = "features-v1"
NO_CONTEXT = (0.0,) * 64
"""The vector of a record that could not describe its market: like nothing."""
RISK_ACTIONS = frozenset({"APPROVE", "REDUCE", "VETO"})


def decision_id(facts: SessionFacts, seq: int) -> UUID:
    """The id of the decision of one round."""
    return derived_id(facts.session_id, "decision", seq)


def decision_row(record: CycleRecord, facts: SessionFacts) -> DecisionRow | None:
    """The floor's decision; None for a record without one."""
    decision = record.decision
    if decision is None:
        return None
    minds = [mind for ballot in record.ballots for mind in ballot.minds]
    return DecisionRow(
        id=decision_id(facts, record.seq),
        org_id=facts.org_id,
        session_id=facts.session_id,
        seq=record.seq,
        agent_name=FLOOR,
        symbol=facts.symbol,
        decision_type="signal",
        decision=decision.action,
        target=decision.target,
        confidence=decision.confidence,
        reasoning=clean(decision.reasoning),
        context=context_of(record),
        prompt=prompt_of(record),
        response=clean(decision.reasoning),
        model=clean("+".join(sorted({mind.model for mind in minds})) or "rules"),
        prompt_tokens=sum(mind.prompt_tokens for mind in minds),
        completion_tokens=sum(mind.completion_tokens for mind in minds),
        cost_usd=sum((mind.cost_usd for mind in minds), Decimal(0)),
        source=record.source,
        context_embedding=as_float32(record.context_embedding or NO_CONTEXT),
        context_embedder=CONTEXT_EMBEDDER,
        created_at=record.as_of,
    )


def vote_rows(record: CycleRecord, facts: SessionFacts) -> tuple[VoteRow, ...]:
    """One row per ballot of a record with a decision, by agent."""
    if record.decision is None:
        return ()
    weights = {weight.agent: weight for weight in record.decision.tally.weights}
    strategies = sat(record.detail)
    ballots = sorted(record.ballots, key=lambda ballot: ballot.agent)
    return tuple(
        _vote(record, facts, ballot, weights.get(ballot.agent), strategies.get(ballot.agent))
        for ballot in ballots
    )


def outcome_rows(record: CycleRecord, facts: SessionFacts) -> tuple[OutcomeRow, ...]:
    """What this record says of earlier decisions' ends."""
    return tuple(
        OutcomeRow(
            id=decision_id(facts, known.seq),
            outcome=known.outcome,
            actual_pnl=known.pnl,
            outcome_reason=clean(known.reason),
            outcome_known_at=record.as_of,
        )
        for known in record.outcomes
    )


class _Said(NamedTuple):
    """An answer as columns; an abstention leaves most of them empty."""

    action: str
    reasoning: str
    confidence: float | None = None
    evidence: list[str] = []  # noqa: RUF012
    abstain_reason: str | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    size_factor: float | None = None
    hedge_ratio: float | None = None
    horizon_bars: int | None = None


def _said(ballot: Ballot) -> _Said:
    answer = ballot.answer
    if isinstance(answer, Abstain):
        return _Said("ABSTAIN", clean(answer.detail), abstain_reason=answer.reason)
    return _Said(
        action=answer.action,
        reasoning=clean(answer.reasoning),
        confidence=answer.confidence,
        evidence=[clean(result_id) for result_id in answer.evidence],
        stop_loss=answer.stop_loss,
        take_profit=answer.take_profit,
        size_factor=answer.size_factor,
        hedge_ratio=answer.hedge_ratio,
        horizon_bars=answer.horizon_bars,
    )


def _vote(
    record: CycleRecord,
    facts: SessionFacts,
    ballot: Ballot,
    weight: AgentWeight | None,
    strategy: Seated | None,
) -> VoteRow:
    said, mind = _said(ballot), ballot.mind
    return VoteRow(
        id=derived_id(facts.session_id, "vote", record.seq, ballot.agent),
        org_id=facts.org_id,
        session_id=facts.session_id,
        seq=record.seq,
        decision_id=decision_id(facts, record.seq),
        agent_name=ballot.agent,
        symbol=clean(ballot.answer.symbol),
        decision_type=kind_of(said.action),
        **said._asdict(),
        weight=weight.weight if weight else 0.0,
        counted=weight.counted if weight else False,
        model=clean(mind.model),
        prompt=clean(mind.prompt),
        response=clean(mind.response),
        prompt_tokens=sum(one.prompt_tokens for one in ballot.minds),
        completion_tokens=sum(one.completion_tokens for one in ballot.minds),
        cost_usd=sum((one.cost_usd for one in ballot.minds), Decimal(0)),
        strategy_id=strategy.id if strategy else None,
        created_at=record.as_of,
    )


def kind_of(action: str) -> str:
    """The decision type of a vote: ``risk_approval``, ``hedge``, or ``vote`` (abstentions too)."""
    if action in RISK_ACTIONS:
        return "risk_approval"
    return "hedge" if action == "HEDGE" else "vote"
