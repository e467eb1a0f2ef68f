"""The chain and what hangs on it: I5, I10, I12, I13, I15, I16."""

import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from simulator.checker.verdict import must

Row = dict[str, Any]
VOICES = ("hedging", "risk", "technical", "trend")
APPEND_ONLY = frozenset({"cycles", "votes", "fills", "equity", "events", "venue_books", "reconciliations"})


class Ledger:
    """Follows one chain, its ballots and its events."""

    def __init__(self) -> None:
        self.head: tuple[int, str] = (-1, "")
        self._as_of: Any = None
        self._kept: dict[int, list[str]] = {}
        self._votes: dict[int, Counter[str]] = {}
        self._decisions: Counter[int] = Counter()
        self.open_rounds: set[int] = set()
        self._last_event = 0
        self._org: Any = None
        self._told: set[tuple[str, str | None, str | None]] = set()

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """An agent answered."""
        if kind == "ballot_told" and facts["answer"] != "abstain":
            self._told.add((facts["agent"], facts["said"], facts["why"]))

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """A committed change of a row."""
        if table in APPEND_ONLY:
            must(before is None, "I10", f"{table}: a row was changed or deleted")
        if after is None:
            if (
                table == "rounds" and before is not None
            ):  # a crash took it back, and what follows may be without it
                self.open_rounds.discard(before["seq"])
            return
        if table == "sessions" and before is None:
            self._org, self.head = after["org_id"], (-1, after["head_hash"])
        if "org_id" in after and self._org is not None:
            must(after["org_id"] == self._org, "I13", f"{table}: a row of another org")
        for name, value in after.items():
            if type(value) is datetime:
                must(value.utcoffset() == timedelta(0), "I16", f"{table}.{name} is not UTC: {value}")
        if table == "events":
            must(
                after["seq"] == self._last_event + 1,
                "I12",
                f"event {after['seq']} follows {self._last_event}",
            )
            self._last_event = after["seq"]
        elif table == "votes":
            self._votes.setdefault(after["seq"], Counter())[after["agent_name"]] += 1
        elif table == "decisions" and before is None:
            self._decisions[after["seq"]] += 1
        elif table == "rounds":
            (self.open_rounds.add if after["closed_at"] is None else self.open_rounds.discard)(after["seq"])
            if after["ballots"] is not None:
                self._keep(before, after)

    def forgotten(self, round_: Row) -> None:
        """A crash took a round's ballots back: nothing that lasts had followed from them, so they are cast anew."""
        if round_["ballots"] is None:
            self._kept.pop(round_["seq"], None)

    def record(
        self, at: float, body: dict[str, Any], row: Row, beside: Counter[str], events: list[Row]
    ) -> None:
        """A record joins the chain. ``beside`` counts the rows of its transaction by table."""
        seq = row["seq"]
        computed = hashlib.sha256(row["body"].encode()).hexdigest()
        must(row["hash"] == computed, "I10", f"record {seq}: its hash is not that of its body")
        must(
            (seq - 1, body["prev_hash"]) == self.head,
            "I10",
            f"record {seq} follows {self.head[0]} by another hash",
        )
        must(body["seq"] == seq and body["kind"] == row["kind"], "I10", f"record {seq}: body and row differ")
        self.head = (seq, row["hash"])
        must(self._as_of is None or row["as_of"] >= self._as_of, "I16", f"record {seq}: time ran backwards")
        self._as_of = row["as_of"]
        told = Counter(event["type"] for event in events)
        trades = sum(fill["kind"] == "TRADE" for fill in body["fills"])
        must(told["trade"] == trades, "I12", f"record {seq}: {trades} trades, {told['trade']} told of")
        orders = len(body["orders"])
        must(
            told["order_update"] >= orders,
            "I12",
            f"record {seq}: {orders} orders, {told['order_update']} told of",
        )
        must(beside["equity"] == 1, "I10", f"record {seq}: no equity row")
        if row["kind"] == "ROUND":
            self._round(seq, body)

    def _round(self, seq: int, body: dict[str, Any]) -> None:
        cast = [ballot["agent"] for ballot in body["ballots"]]
        must(sorted(cast) == list(VOICES), "I5", f"round {seq}: ballots of {cast}")
        votes = self._votes.get(seq, Counter())
        must(votes == Counter(cast), "I5", f"round {seq}: votes {dict(votes)} of ballots {cast}")
        must(self._decisions[seq] == 1, "I5", f"round {seq}: {self._decisions[seq]} decisions")
        weighed = [w["agent"] for w in body["decision"]["tally"]["weights"]]
        must(len(weighed) == len(set(weighed)), "I5", f"round {seq}: a vote is weighed twice")
        for ballot in body["ballots"]:
            counted = next(
                (w for w in body["decision"]["tally"]["weights"] if w["agent"] == ballot["agent"]), None
            )
            if ballot["answer"]["kind"] == "abstain" and counted is not None:
                must(counted["weight"] == 0 and not counted["counted"], "I5",
                     f"round {seq}: the abstention of {ballot['agent']} was counted")  # fmt: skip
            answer = ballot["answer"]
            said = (ballot["agent"], answer.get("action"), answer.get("reasoning"))
            must(answer["kind"] == "abstain" or said in self._told, "I5",
                 f"round {seq}: {ballot['agent']} never answered {answer.get('action')}")  # fmt: skip
            mind = ballot["mind"]
            if mind["model"].startswith("anthropic"):
                asked = 1 + mind["response"].count("\n---\n")
                must(
                    mind["completion_tokens"] >= 10 * asked,
                    "I15",
                    f"round {seq}: {ballot['agent']} paid for too little",
                )
        if seq in self._kept:
            same = [json.dumps(b, sort_keys=True) for b in body["ballots"]] == self._kept[seq]
            must(same, "I5", f"round {seq}: ballots changed after they were cast")

    def _keep(self, before: Row | None, after: Row) -> None:
        ballots = [json.dumps(b, sort_keys=True) for b in json.loads(after["ballots"])]
        known = self._kept.setdefault(after["seq"], ballots)
        if before is not None and before["ballots"] is not None:
            must(known == ballots, "I5", f"round {after['seq']}: ballots were cast twice, and differ")
        self._kept[after["seq"]] = ballots
