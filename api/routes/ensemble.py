"""``/api/v1/ensemble``: groups of agents that answer as one, with weights learned from what came of their votes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, get_args
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, read_body
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.market import now, too_little
from api.params import one_of, read_choice, read_id
from api.perhaps_read import perhaps_read
from api.requests import AnyRequest
from api.shapes.base import shaped
from api.shapes.ensemble import (
    Ensemble,
    EnsembleFigures,
    EnsembleGone,
    EnsembleList,
    GivenSignal,
    Joined,
    Learned,
    Learning,
    Member,
    NewEnsemble,
    NewMember,
    Performance,
    Predicted,
    Prediction,
    PredictWish,
    Ranked,
    Rankings,
    Weights,
)
from db import ensembles
from db.pool import Row
from db.reads.hindsight import judged_votes
from openoutcry.errors import BadInput
from openoutcry.learning.report import said
from openoutcry.types.symbols import canonical
from openoutcry.voting.calibration import calibrate
from openoutcry.voting.ensemble import (
    LEAST_STRENGTH,
    Call,
    Called,
    Kind,
    Metric,
    Signal,
    Standing,
    call,
    learned,
    standing,
)
from openoutcry.voting.hindsight import Judged

KINDS: tuple[Kind, ...] = get_args(Kind)
METRICS: tuple[Metric, ...] = get_args(Metric)
MOST_VOTES, MOST_SIGNALS, MOST_AGENTS = 5000, 200, 100
WORDS: Mapping[str, Call] = {"BUY": "buy", "SELL": "sell", "HOLD": "hold"}
Days = Annotated[int, QueryParameter(ge=1, le=3650, description="Market time to look back.", required=False)]


@post("/api/v1/ensemble/create", tags=["ensemble"], idempotent=True, role="trader", permission="execute_trades", body=NewEnsemble,
      example={"name": "majority", "ensemble_type": "weighted_voting", "parameters": {"min_strength": 0.1}})  # fmt: skip
@kept
async def create(request: AnyRequest, floor: TheFloor) -> Ensemble:
    """Make an ensemble; agents join it with `register-agent`."""
    wish = await read_body(request, NewEnsemble, PLAIN)
    _text(wish.name, "name", 1, 100)
    _text(wish.description, "description", 0, 1000)
    if wish.ensemble_type not in KINDS:
        raise invalid_body(f"ensemble_type: must be one of {', '.join(KINDS)}", "ensemble_type")
    if set(wish.parameters) - {"min_strength"}:
        raise invalid_body("parameters: there is min_strength", "parameters")
    if not 0 <= wish.parameters.get("min_strength", LEAST_STRENGTH) <= 1:
        raise invalid_body("parameters.min_strength: must be from 0 to 1", "parameters")
    caller = caller_of(request)
    row = await ensembles.create(
        floor.pool,
        caller.org_id,
        wish.name,
        wish.ensemble_type,
        wish.parameters,
        wish.description,
        caller.name,
    )
    return shaped(row, Ensemble, ensemble_id=row["id"], agent_count=0)


@get("/api/v1/ensemble", tags=["ensemble"], permission="view_metrics")
async def listed(request: AnyRequest, floor: TheFloor) -> EnsembleList:
    """Every ensemble of the org."""
    rows = await ensembles.every(floor.pool, caller_of(request).org_id)
    return EnsembleList(
        ensembles=[shaped(row, Ensemble, ensemble_id=row["id"]) for row in rows], count=len(rows)
    )


@get("/api/v1/ensemble/agent-rankings", tags=["ensemble"], permission="view_metrics")
async def rankings(request: AnyRequest, floor: TheFloor, days: Days = 90) -> Rankings:
    """Every agent of the floor by what came of its votes."""
    at = await now(floor)
    judged, _ = await judged_votes(
        floor.pool,
        caller_of(request).org_id,
        None,
        as_of=at,
        most=MOST_VOTES,
        since=at - timedelta(days=days),
    )
    by_agent = _by_agent(judged)
    figures = {name: _figures(votes) for name, votes in by_agent.items()}
    ordered = sorted(figures.items(), key=lambda item: (-(item[1].score or 0.0), item[0]))
    ranked = [Ranked(rank=n, agent_id=name, figures=found) for n, (name, found) in enumerate(ordered, 1)]
    return Rankings(
        rankings=ranked,
        count=len(ranked),
        days=days,
        as_of=at,
        readings=perhaps_read(floor, map(said, judged)),
    )


@post("/api/v1/ensemble/{id:str}/register-agent", tags=["ensemble"], idempotent=True, role="trader", permission="execute_trades",
      body=NewMember, example={"agent_id": "technical", "agent_type": "analysis", "initial_weight": 0.5})  # fmt: skip
@kept
async def register(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Joined:
    """Let an agent join."""
    found = await _find(request, floor, id)
    wish = await read_body(request, NewMember, PLAIN)
    _text(wish.agent_id, "agent_id", 1, 100)
    _text(wish.agent_type, "agent_type", 1, 100)
    if not 0 <= wish.initial_weight <= 1000:
        raise invalid_body("initial_weight: must be from 0 to 1000", "initial_weight")
    if found["agent_count"] >= MOST_AGENTS:
        raise invalid_body(f"agent_id: an ensemble has at most {MOST_AGENTS} agents", "agent_id")
    org_id = caller_of(request).org_id
    await ensembles.register(
        floor.pool, org_id, found["id"], wish.agent_id, wish.agent_type, wish.initial_weight
    )
    members = _members(await ensembles.members(floor.pool, org_id, found["id"]))
    me = next(one for one in members if one.agent_id == wish.agent_id)
    return Joined(ensemble_id=found["id"], agent=me, weights={one.agent_id: one.share for one in members})


@post("/api/v1/ensemble/{id:str}/predict", tags=["ensemble"], permission="view_metrics", status_code=200,
      body=PredictWish, example={"signals": [
          {"agent_id": "technical", "symbol": "BTC/USDT", "direction": "buy", "confidence": 0.8}]})  # fmt: skip
async def predict(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Predicted:
    """The members' signals as one: those given, else their newest votes on the floor."""
    found, wish = await _find(request, floor, id), await read_body(request, PredictWish, PLAIN)
    org_id, at = caller_of(request).org_id, await now(floor)
    weights = {
        row["agent_id"]: row["weight"] for row in await ensembles.members(floor.pool, org_id, found["id"])
    }
    if wish.signals:
        signals = _given(wish.signals, weights)
    else:
        signals = [_said(row) for row in await ensembles.newest_votes(floor.pool, org_id, list(weights), at)]
    least = found["parameters"].get("min_strength", LEAST_STRENGTH)
    calls = [
        call(symbol, signals, weights, found["ensemble_type"], least)
        for symbol in sorted({s.symbol for s in signals})
    ]
    best = max((one for one in calls if one.emitted), key=lambda one: one.strength, default=None)
    total = sum(weights.values())
    return Predicted(
        ensemble_id=found["id"],
        signal=best.direction if best else "hold",
        confidence=best.strength if best else 0.0,
        contributing_agents=list(best.agreeing) if best else [],
        weights={name: weight / total if total else 0.0 for name, weight in weights.items()},
        predictions=[_prediction(one) for one in calls],
        signals=len(signals),
        source="request" if wish.signals else "floor",
        metadata=wish.metadata,
        timestamp=at,
    )


@get("/api/v1/ensemble/{id:str}/performance", tags=["ensemble"], permission="view_metrics")
async def performance(
    request: AnyRequest, floor: TheFloor, id: FromPath[str], days: Days = 30
) -> Performance:
    """What came of the members' votes, and of the ensemble's calls on them."""
    found, at = await _find(request, floor, id), await now(floor)
    org_id, since = caller_of(request).org_id, at - timedelta(days=days)
    members = await ensembles.members(floor.pool, org_id, found["id"])
    names = [row["agent_id"] for row in members]
    judged, pending = await judged_votes(floor.pool, org_id, names, as_of=at, most=MOST_VOTES, since=since)
    by_agent = _by_agent(judged)
    learnings = await ensembles.learnings(floor.pool, org_id, found["id"])
    return Performance(
        ensemble_id=found["id"],
        days=days,
        since=since,
        as_of=at,
        ensemble=_figures(_calls(judged, found, members, learnings)),
        agents={name: _figures(by_agent.get(name, [])) for name in names},
        pending=pending,
        readings=perhaps_read(floor, map(said, judged)),
    )


@get("/api/v1/ensemble/{id:str}/weights", tags=["ensemble"], permission="view_metrics")
async def weights(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Weights:
    """What every member weighs, and how that was learned."""
    found, org_id = await _find(request, floor, id), caller_of(request).org_id
    members = _members(await ensembles.members(floor.pool, org_id, found["id"]))
    rows = await ensembles.learnings(floor.pool, org_id, found["id"])
    return Weights(
        ensemble_id=found["id"],
        weights={one.agent_id: one.share for one in members},
        agents=members,
        history=[shaped(row, Learning) for row in rows],
    )


@post("/api/v1/ensemble/{id:str}/optimize-weights", tags=["ensemble"], idempotent=True, role="trader",
      permission="execute_trades", status_code=200, errors=(422,))  # fmt: skip
@kept
async def optimize(
    request: AnyRequest,
    floor: TheFloor,
    id: FromPath[str],
    metric: Annotated[str, one_of(METRICS)] = "composite",
    lookback_days: Days = 30,
) -> Learned:
    """Learn the weights from the members' votes whose end is known: 0.7 of the old and 0.3 of a softmax of the scores."""
    wanted: Metric = next(one for one in METRICS if one == (read_choice(metric, "metric", METRICS)))
    found, at, org_id = await _find(request, floor, id), await now(floor), caller_of(request).org_id
    members = await ensembles.members(floor.pool, org_id, found["id"])
    before = {row["agent_id"]: float(row["weight"]) for row in members}
    judged, _ = await judged_votes(
        floor.pool, org_id, list(before), as_of=at, most=MOST_VOTES, since=at - timedelta(days=lookback_days)
    )
    by_agent = _by_agent(judged)
    standings = {name: standing(by_agent.get(name, [])) for name in before}
    try:
        after = learned(before, standings, wanted)
    except BadInput as error:
        raise too_little(str(error)) from error
    scores = {name: _score(one, wanted) for name, one in standings.items()}
    await ensembles.learn(floor.pool, org_id, found["id"], at, wanted, before, after, scores)
    total = sum(before.values())
    return Learned(
        ensemble_id=found["id"],
        metric=wanted,
        lookback_days=lookback_days,
        old_weights={name: weight / total for name, weight in before.items()},
        new_weights=after,
        scores=scores,
        cases={name: len(by_agent.get(name, [])) for name in before},
        as_of=at,
    )


@delete(
    "/api/v1/ensemble/{id:str}",
    tags=["ensemble"],
    idempotent=True,
    role="trader",
    permission="execute_trades",
    status_code=200,
)
@kept
async def gone(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> EnsembleGone:
    """Delete an ensemble and what it learned."""
    ensemble_id = read_id(id, "ensemble")
    if not await ensembles.delete(floor.pool, caller_of(request).org_id, ensemble_id):
        raise Failure(404, "ensemble not found", ensemble_id=id)
    return EnsembleGone(success=True, ensemble_id=ensemble_id)


async def _find(request: AnyRequest, floor: Floor, id: str) -> Row:
    found = await ensembles.find(floor.pool, caller_of(request).org_id, read_id(id, "ensemble"))
    if found is None:
        raise Failure(404, "ensemble not found", ensemble_id=id)
    return found


def _calls(
    judged: Sequence[Judged], found: Row, members: Sequence[Row], learnings: Sequence[Row]
) -> list[Judged]:
    """The ensemble's word on each moment its members voted, judged as the strongest of those who agreed was."""
    first = {row["agent_id"]: row["initial_weight"] for row in members}
    least = found["parameters"].get("min_strength", LEAST_STRENGTH)
    moments: dict[tuple[datetime, UUID], list[Judged]] = {}
    for one in judged:
        moments.setdefault((one.at, one.session), []).append(one)
    calls: list[Judged] = []
    for (at, _), votes in moments.items():
        told: dict[str, float] = next((row["weights_after"] for row in learnings if row["as_of"] <= at), {})
        signals = [Signal(one.agent, "x", WORDS[one.action], one.confidence) for one in votes]
        made = call("x", signals, {**first, **told}, found["ensemble_type"], least)
        if made.emitted:
            agreed = [one for one in votes if one.agent in made.agreeing]
            lead = max(agreed, key=lambda one: (one.confidence, one.agent))
            calls.append(lead._replace(confidence=min(1.0, made.strength)))
    return sorted(calls, key=lambda one: (one.known_at, one.at))


def _given(signals: Sequence[GivenSignal], weights: Mapping[str, float]) -> list[Signal]:
    if len(signals) > MOST_SIGNALS:
        raise invalid_body(f"signals: at most {MOST_SIGNALS}", "signals")
    found: list[Signal] = []
    for n, one in enumerate(signals):
        if one.agent_id not in weights:
            raise invalid_body(f"signals[{n}].agent_id: no member of this ensemble", f"signals[{n}].agent_id")
        if not 0 <= one.confidence <= 1:
            raise invalid_body(f"signals[{n}].confidence: must be from 0 to 1", f"signals[{n}].confidence")
        for name in ("target_price", "stop_loss"):
            if (price := getattr(one, name)) is not None and not 0 < price < 1e15:
                raise invalid_body(f"signals[{n}].{name}: must be above zero", f"signals[{n}].{name}")
        symbol = canonical(one.symbol, field=f"signals[{n}].symbol")
        found.append(
            Signal(one.agent_id, symbol, one.direction, one.confidence, one.target_price, one.stop_loss)
        )
    twice = len({(one.agent_id, one.symbol) for one in found}) < len(found)
    if twice:
        raise invalid_body("signals: an agent speaks twice on a symbol", "signals")
    return found


def _said(row: Row) -> Signal:
    levels = [None if row[name] is None else float(row[name]) for name in ("take_profit", "stop_loss")]
    return Signal(row["agent_name"], row["symbol"], WORDS[row["action"]], row["confidence"], *levels)


def _members(rows: Sequence[Row]) -> list[Member]:
    total = sum(row["weight"] for row in rows)
    return [shaped(row, Member, share=row["weight"] / total if total else 0.0) for row in rows]


def _by_agent(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for one in judged:
        found.setdefault(one.agent, []).append(one)
    return found


def _figures(votes: Sequence[Judged]) -> EnsembleFigures:
    found = standing(votes)
    brier = calibrate(votes).brier
    if found is None:
        return EnsembleFigures(
            cases=0, accuracy=None, profit_factor=None, sharpe_ratio=None, max_drawdown=None, total_gain=None, score=None,
            brier=None,
        )  # fmt: skip
    return EnsembleFigures(brier=brier, **asdict(found))


def _score(found: Standing | None, metric: Metric) -> float | None:
    return None if found is None else found.score if metric == "composite" else getattr(found, metric)


def _prediction(one: Called) -> Prediction:
    return Prediction(
        symbol=one.symbol, direction=one.direction, strength=one.strength, emitted=one.emitted,
        strengths=dict(one.strengths), target_price=one.target_price, stop_loss=one.stop_loss, agreeing=list(one.agreeing),
    )  # fmt: skip


def _text(value: str, field: str, least: int, most: int) -> None:
    if not least <= len(value.strip()) or len(value) > most or not all(c.isprintable() for c in value):
        raise invalid_body(f"{field}: {least} to {most} printable characters", field)


HANDLERS = [create, listed, rankings, register, predict, performance, weights, optimize, gone]
