"""I5: a round's decision, counted again from its ballots and the settings that its session was opened with."""

import math
from typing import Any

from simulator.checker.verdict import must

ANALYSTS = ("technical", "trend")
CAUTIOUS = "risk"
DIGITS = 12
TARGETS = {"BUY": "LONG", "SELL": "FLAT", "HOLD": "KEEP"}
"""What an action wants where no perpetual is traded."""
Body = dict[str, Any]


def recomputed(body: Body, voting: dict[str, Any]) -> dict[str, Any]:
    """What the ballots of a round add up to. Every analyst's vote weighs the same; silence weighs nothing."""
    said = {b["agent"]: b["answer"] for b in body["ballots"] if b["answer"]["kind"] == "vote"}
    votes = [said[name] for name in ANALYSTS if name in said]
    count = len(votes)
    sums = {w: math.fsum(v["confidence"] for v in votes if v["action"] == w) for w in ("BUY", "SELL", "HOLD")}
    scores = {word: round(value / count, DIGITS) if count else 0.0 for word, value in sums.items()}
    buy, sell = scores["BUY"], scores["SELL"]
    strongest = max(buy, sell)
    consensus = round(strongest / (buy + sell), DIGITS) if strongest > 0 else 0.0
    carried = (
        count >= voting["quorum"]
        and strongest > 0
        and buy != sell
        and consensus >= voting["min_consensus"]
        and strongest >= voting["min_confidence"]
    )
    action = ("BUY" if buy > sell else "SELL") if carried else "HOLD"
    factor, silenced = _caution(said.get(CAUTIOUS), required=voting["require_risk_voice"])
    snapshot = body["snapshot"]
    bad = any(fault["symbol"] == snapshot["symbol"] for fault in snapshot["faults"])
    return {
        "action": action,
        "target": TARGETS[action],
        "confidence": min(1.0, scores[action]),
        "size_factor": factor,
        "blocked": silenced or bad or snapshot["quote"] is None,
        "scores": scores,
        "consensus": consensus,
        "voters": count,
    }


def _caution(vote: dict[str, Any] | None, *, required: bool) -> tuple[float, bool]:
    if vote is None:
        return 1.0, required
    if vote["action"] == "VETO":
        return 0.0, True
    stated = vote["size_factor"]
    return (0.5 if vote["action"] == "REDUCE" else 1.0) if stated is None else stated, False


def decided(body: Body, voting: dict[str, Any]) -> None:
    """The record's decision is the one that its ballots make."""
    decision = body["decision"]
    if decision is None or body["snapshot"] is None:
        return
    told = {**decision, **decision["tally"], "blocked": decision["entries_blocked"] is not None}
    for name, value in recomputed(body, voting).items():
        must(told[name] == value, "I5", f"round {body['seq']}: {name} {told[name]}, recounted {value}")
