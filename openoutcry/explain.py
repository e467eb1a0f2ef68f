"""Why a round ended as it did: its record taken apart into what a person asks about (telling.py prints it)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from openoutcry.falsified import Thesis, thesis
from openoutcry.ledger.chain import link
from openoutcry.ledger.outcomes import Judging
from openoutcry.minds.contamination import NOBODY_KNOWS, Cutoffs, Mark, day_of, mark
from openoutcry.recount import Flip, Without, as_counted, leave_one_out, nearest_flip
from openoutcry.settings import Settings
from openoutcry.types.amounts import Amount, cents, plain
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import Fill, PlannedOrder, Refused
from openoutcry.types.record import AgentWeight, CycleRecord, Decision
from openoutcry.types.votes import DIRECTIONAL, Abstain, Ballot, ToolUse, Vote

NUMBERS = 12
"""How many numbers of one tool answer are shown."""
ENVELOPE = frozenset(
    {"result_id", "as_of", "source", "stale", "symbol", "timeframe", "bars", "count", "previous"}
)


class Evidence(Frozen):
    """A tool answer a vote relies on, with its first numbers; ``tool`` is None for an id no tool gave."""

    result_id: str
    tool: str | None
    numbers: dict[str, str]


class Voice(Frozen):
    """What one agent said and what it weighed. ``believed`` is what it counted with, where the floor has learned how far to
    believe it; ``strength`` is weight x that confidence, for directional votes only.
    """

    agent: str
    said: str
    confidence: float | None
    weight: float
    believed: float | None
    counted: bool
    strength: float | None
    reasoning: str
    note: str
    evidence: tuple[Evidence, ...]
    mind: str
    read: Mark = "none"
    """Whether its model may have read in training what came."""
    instead: str = ""
    """Why its rules voted and no model of its chain."""


class Step(Frozen):
    """One line of the count: the score of an action and the terms it is the sum of."""

    action: str
    terms: tuple[str, ...]
    total_weight: float
    score: float


class OrderLine(Frozen):
    """An order, the gate's word on it, and what became of it in this round."""

    leg: str
    text: str
    verdict: str
    became: str


class Alike(Frozen):
    """What is told of a past decision in a market that looked alike, wherever it is told."""

    decision_id: str
    at: datetime
    symbol: str
    decision: str
    confidence: float
    similarity: float
    outcome: str
    pnl: Amount | None


class Case(Alike):
    """A past decision in a market that looked alike, and how it ended."""

    reason: str | None


class Ended(Frozen):
    """How this decision itself ended, as far as that is known by now."""

    outcome: str
    pnl: Amount | None = None
    reason: str | None = None
    known_at: datetime | None = None


class Explanation(Frozen):
    """Everything about one round that a person asks for. ``without``, ``flip`` and ``thesis`` need the settings of the round."""

    decision_id: str | None
    kind: str
    seq: int
    as_of: datetime
    symbol: str
    timeframe: str
    source: str
    price: Amount | None
    faults: tuple[str, ...]
    decision: str
    target: str
    confidence: float
    reasoning: str
    blocked: str | None
    voices: tuple[Voice, ...]
    count: tuple[Step, ...]
    rules: tuple[str, ...]
    orders: tuple[OrderLine, ...]
    fills: tuple[str, ...]
    equity: Amount
    equity_today: Amount
    ended: Ended
    similar: tuple[Case, ...]
    without: tuple[Without, ...] = ()
    flip: Flip | None = None
    thesis: Thesis | None = None
    record_hash: str


def explain(
    record: CycleRecord,
    *,
    symbol: str,
    timeframe: str,
    decision_id: str | None = None,
    ended: Ended | None = None,
    similar: Sequence[Case] = (),
    settings: Settings | None = None,
    judging: Judging | None = None,
    cutoffs: Cutoffs = NOBODY_KNOWS,
) -> Explanation:
    """Take a record apart. ``ended`` and ``similar`` come from what later records and other decisions tell, ``settings`` are
    those in force in the round, ``judging`` the yardstick of its session, ``cutoffs`` until when models
    have read.
    """
    decision, snapshot = record.decision, record.snapshot
    counted = as_counted(settings, decision) if settings is not None and decision is not None else None
    voices = tuple(_voices(record, cutoffs))
    return Explanation(
        decision_id=decision_id,
        kind=record.kind,
        seq=record.seq,
        as_of=record.as_of,
        symbol=symbol,
        timeframe=timeframe,
        source=record.source,
        price=snapshot.quote.price if snapshot and snapshot.quote else None,
        faults=tuple(f"{f.symbol} {f.kind}: {f.detail}" for f in snapshot.faults) if snapshot else (),
        decision=decision.action if decision else record.kind,
        target=decision.target if decision else "KEEP",
        confidence=decision.confidence if decision else 0.0,
        reasoning=decision.reasoning if decision else str(record.detail.get("reason", "")),
        blocked=decision.entries_blocked if decision else None,
        voices=voices,
        count=tuple(_count(decision, voices)) if decision else (),
        rules=tuple(_rules(decision)) if decision else (),
        orders=tuple(_order(planned) for planned in record.orders),
        fills=tuple(_fill(fill) for fill in record.fills),
        equity=record.equity,
        equity_today=cents(record.equity - record.portfolio_after.day_start_equity),
        ended=ended or Ended(outcome="PENDING"),
        similar=tuple(similar),
        without=tuple(leave_one_out(record, counted)) if counted else (),
        flip=nearest_flip(record, counted) if counted else None,
        thesis=thesis(record, counted, judging) if counted and judging else None,
        record_hash=link(record).hash,
    )


def _voices(record: CycleRecord, cutoffs: Cutoffs) -> Iterator[Voice]:
    tally = record.decision.tally if record.decision else None
    weights = {weight.agent: weight for weight in tally.weights} if tally else {}
    for ballot in sorted(record.ballots, key=lambda ballot: ballot.agent):
        read = mark(ballot.mind.model, day_of(record.as_of), record.source, cutoffs)
        yield _voice(ballot, weights.get(ballot.agent), read)


def _trusted(vote: Vote, weighed: AgentWeight | None) -> float:
    """What the vote counted with."""
    return vote.confidence if weighed is None or weighed.believed is None else weighed.believed


def _voice(ballot: Ballot, weighed: AgentWeight | None, read: Mark) -> Voice:
    answer, weight = ballot.answer, weighed.weight if weighed else 0.0
    counted = weighed.counted if weighed else False
    silent = isinstance(answer, Abstain)
    directional = isinstance(answer, Vote) and answer.action in DIRECTIONAL and counted
    return Voice(
        agent=ballot.agent,
        said=f"abstains ({answer.reason})" if isinstance(answer, Abstain) else answer.action,
        confidence=None if isinstance(answer, Abstain) else answer.confidence,
        weight=weight,
        believed=weighed.believed if weighed else None,
        counted=counted,
        strength=weight * _trusted(answer, weighed) if directional and isinstance(answer, Vote) else None,
        reasoning=_before(ballot) + (answer.detail if isinstance(answer, Abstain) else answer.reasoning),
        note=weighed.note if weighed else "",
        evidence=() if silent else tuple(_evidence(answer, ballot.tool_uses)),
        mind=ballot.mind.named,
        read=read,
        instead=ballot.mind.instead if ballot.mind.model == "rules" else "",
    )


def _before(ballot: Ballot) -> str:
    """What an agent had said before it heard the others."""
    first = ballot.first.answer
    if ballot.debate is None or isinstance(first, Abstain):
        return ""
    if ballot.debate.stood:
        return "[its vote stood after the debate: no rebuttal came] "
    return f"[before the debate: {first.action} {first.confidence:.2f}] "


def _evidence(answer: Vote | Abstain, uses: Sequence[ToolUse]) -> Iterator[Evidence]:
    by_id = {use.result_id: use for use in uses}
    for result_id in answer.evidence if isinstance(answer, Vote) else ():
        use = by_id.get(result_id)
        numbers = dict(_numbers(use.result)) if use else {}
        yield Evidence(result_id=result_id, tool=use.tool if use else None, numbers=_first(numbers))


def _numbers(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of an answer that are numbers, money strings included, by path; lists are left out."""
    for key, item in value.items():
        if not path and key in ENVELOPE:
            continue
        name = f"{path}.{key}" if path else key
        if isinstance(item, Mapping):
            yield from _numbers(item, name.removeprefix("values.").removeprefix("values"))
        elif isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item):
            yield name.removesuffix(".value"), f"{item:.6g}"
        elif isinstance(item, str) and item.replace(".", "", 1).removeprefix("-").isdecimal():
            yield name, item


def _first(numbers: dict[str, str]) -> dict[str, str]:
    return dict(list(numbers.items())[:NUMBERS])


def _count(decision: Decision, voices: Sequence[Voice]) -> Iterator[Step]:
    heard = [voice for voice in voices if voice.strength is not None and voice.weight > 0]
    total = math.fsum(voice.weight for voice in heard)
    for action in ("BUY", "SELL", "HOLD"):
        terms = tuple(
            f"{v.agent} {v.weight:g} × {(v.strength or 0.0) / v.weight:.3f} = {v.strength:.3f}"
            for v in heard
            if v.said == action
        )
        if terms or action in ("BUY", "SELL"):
            score = decision.tally.scores.get(action, 0.0)
            yield Step(action=action, terms=terms, total_weight=total, score=score)


def _rules(decision: Decision) -> Iterator[str]:
    tally = decision.tally
    enough = "met" if tally.voters >= tally.quorum else "missed"
    yield f"quorum {enough}: {tally.voters} directional votes, {tally.quorum} needed"
    agreed = "met" if tally.consensus >= tally.min_consensus else "missed"
    yield f"consensus {agreed}: {tally.consensus:.2f}, {tally.min_consensus:.2f} needed"
    if tally.vetoed_by:
        yield f"vetoed by {', '.join(tally.vetoed_by)}"
    if decision.size_factor < 1:
        yield f"size cut to {decision.size_factor:.0%} by the risk voice"
    if decision.hedge_ratio is not None:
        yield f"hedge ratio wanted: {decision.hedge_ratio:.2f}"
    yield f"decided by the rule {tally.rule}"


def _order(planned: PlannedOrder) -> OrderLine:
    request, verdict, state = planned.request, planned.verdict, planned.state
    price = f" at {plain(request.price)}" if request.price else ""
    stop = f" stop {plain(request.stop_price)}" if request.stop_price else ""
    kind = request.type.replace("_", " ").lower()
    text = f"{request.side} {plain(request.quantity)} {request.symbol} {kind}{price}{stop}"
    if isinstance(verdict, Refused):
        broke = f"refused by {verdict.rule}: {verdict.value} against a limit of {verdict.limit}"
        said = f"{broke} ({verdict.message})" if verdict.message else broke
        return OrderLine(leg=request.leg, text=text, verdict=said, became="not sent")
    if state is None:
        return OrderLine(leg=request.leg, text=text, verdict="approved", became="not sent")
    done = f" {plain(state.executed_quantity)}" if state.executed_quantity else ""
    why = f" ({state.error})" if state.error else ""
    return OrderLine(
        leg=request.leg, text=text, verdict="approved", became=f"{state.status.lower()}{done}{why}"
    )


def _fill(fill: Fill) -> str:
    if fill.kind == "FUNDING":
        word = "paid" if fill.fee > 0 else "received"
        return f"funding {word} {plain(abs(fill.fee))} on {fill.symbol}"
    of = f" for {fill.leg} of round {fill.order_seq}" if fill.leg else ""
    price = f"{fill.side} {plain(fill.quantity)} {fill.symbol} at {plain(fill.price)}"
    return f"{price}, fee {plain(fill.fee)}{of}"
