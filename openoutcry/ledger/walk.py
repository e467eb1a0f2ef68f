"""Walking a chain link by link: what was altered, and which records can be believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openoutcry.errors import LedgerBroken
from openoutcry.ledger.audit import Finding, finding
from openoutcry.ledger.chain import UsedApproval, beside, hash_of, opening_marks, record_of, seal
from openoutcry.ledger.facts import SessionFacts, genesis_hash
from openoutcry.ledger.stats import SessionStats, after
from openoutcry.types.record import CycleRecord


@dataclass
class Walk:
    """A walk along one session's chain. ``hash`` and ``seal`` are None while the link before is not to be believed.

    ``lost`` are ranges of numbers whose records cannot be known: what rows they meant is not known either.
    """

    facts: SessionFacts
    hash: str | None = None
    seal: str | None = None
    next_seq: int = 0
    stats: SessionStats = field(default_factory=SessionStats)
    lost: list[range] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    last: CycleRecord | None = None

    def __post_init__(self) -> None:
        self.hash = self.seal = genesis_hash(self.facts)
        self.stats = SessionStats(equity=self.facts.initial_capital)

    def knows(self, seq: int) -> bool:
        """False for the number of a record that cannot be believed."""
        return not any(seq in gap for gap in self.lost)

    def take(self, row: Mapping[str, Any], approvals: Sequence[UsedApproval]) -> CycleRecord | None:
        """Check the next stored link. Returns its record if that can be believed."""
        if not self._in_order(row):
            return None
        if row["seq"] == 0:
            self._start(row)
        before = len(self.findings)
        true_hash = self._true_hash(row)
        record = self._read(row)
        believed = record is not None and true_hash == hash_of(row["body"]) and record.seq == row["seq"]
        if record is not None and believed:
            self._columns(row, record)
            self._follows(row, record)
        sealed = self._sealed(row, true_hash, approvals, believed)
        self._marks(row, approvals)
        self.hash, self.seal = (
            (true_hash, sealed) if believed or len(self.findings) == before else (None, None)
        )
        if record is None or not believed:
            self.lost.append(range(row["seq"], row["seq"] + 1))
            return None
        self.stats, self.last = after(self.stats, record, self.facts), record
        return record

    def end(self, head_seq: int) -> None:
        """The chain is through; records up to ``head_seq`` should have been there."""
        self._gap(head_seq + 1)

    @property
    def facts_changed(self) -> bool:
        """True when the session's opening facts are not those the chain stands on: its rows cannot be told."""
        return any(found.table == "sessions" for found in self.findings)

    def _note(self, row: Mapping[str, Any], column: str, expected: object, found: object) -> None:
        self.findings.append(finding("cycles", self._label(row["seq"]), column, expected, found))

    def _label(self, seq: int) -> str:
        return f"{self.facts.session_id}:{seq}"

    def _gap(self, seq: int) -> None:
        """Records are missing up to ``seq``."""
        if seq <= self.next_seq:
            return
        many = f"{self.next_seq}" if seq == self.next_seq + 1 else f"{self.next_seq}..{seq - 1}"
        label = f"{self.facts.session_id}:{many}"
        self.findings.append(finding("cycles", label, "*", "a record", "no row"))
        self.lost.append(range(self.next_seq, seq))
        self.hash = self.seal = None
        self.next_seq = seq

    def _in_order(self, row: Mapping[str, Any]) -> bool:
        if row["seq"] < self.next_seq:
            self._note(row, "seq", f"at least {self.next_seq}", row["seq"])
            return False
        self._gap(row["seq"])
        self.next_seq = row["seq"] + 1
        return True

    def _start(self, row: Mapping[str, Any]) -> None:
        """Stand on the opening facts that the first link itself names; ``_marks`` says which of them changed."""
        if seal(row["prev_hash"], row["hash"], row["beside"]) == row["seal"]:
            self.hash = self.seal = str(row["prev_hash"])

    def _true_hash(self, row: Mapping[str, Any]) -> str:
        """The hash this link had: the seal tells whether the body or the hash was altered."""
        computed, stored = hash_of(row["body"]), str(row["hash"])
        if computed == stored:
            return stored
        if self.seal is not None and seal(self.seal, computed, row["beside"]) == row["seal"]:
            self._note(row, "hash", computed, stored)
            return computed
        self._note(row, "body", f"text with SHA-256 {stored}", f"text with SHA-256 {computed}")
        return stored

    def _read(self, row: Mapping[str, Any]) -> CycleRecord | None:
        try:
            record = record_of(row["body"])
        except LedgerBroken as error:
            self._note(row, "body", "a record", error)
            return None
        if record.seq != row["seq"]:
            self._note(row, "body", f"record {row['seq']}", f"record {record.seq}")
        return record

    def _columns(self, row: Mapping[str, Any], record: CycleRecord) -> None:
        wanted = {
            "org_id": self.facts.org_id,
            "kind": record.kind,
            "as_of": record.as_of,
            "prev_hash": record.prev_hash,
        }
        for column, expected in wanted.items():
            if row[column] != expected:
                self._note(row, column, expected, row[column])

    def _follows(self, row: Mapping[str, Any], record: CycleRecord) -> None:
        """This link names the one before; at the first, the opening facts."""
        genesis = genesis_hash(self.facts)
        if row["seq"] == 0 and record.prev_hash != genesis:
            self.findings.append(
                finding("sessions", self.facts.session_id, "opening facts", record.prev_hash, genesis)
            )
        elif row["seq"] > 0 and self.hash is not None and record.prev_hash != self.hash:
            label = self._label(row["seq"] - 1)  # it was exchanged, hash and all
            self.findings.append(finding("cycles", label, "hash", record.prev_hash, self.hash))

    def _sealed(
        self, row: Mapping[str, Any], true_hash: str, approvals: Sequence[UsedApproval], believed: bool
    ) -> str:
        """The seal this link had."""
        if self.seal is None or not believed:
            return str(row["seal"])
        expected = seal(self.seal, true_hash, row["beside"])
        if expected == row["seal"]:
            return expected
        actual = self._actual_marks(row, approvals)
        if seal(self.seal, true_hash, actual) == row["seal"]:
            self._note(row, "beside", actual, row["beside"])
            return str(row["seal"])
        self._note(row, "seal", expected, row["seal"])
        return expected

    def _actual_marks(self, row: Mapping[str, Any], approvals: Sequence[UsedApproval]) -> dict[str, str]:
        marks = beside(row["timings"], row["committed_at"], approvals)
        return marks | (opening_marks(self.facts) if row["seq"] == 0 else {})

    def _marks(self, row: Mapping[str, Any], approvals: Sequence[UsedApproval]) -> None:
        """Name the value beside the record that is not the one it was sealed with."""
        sealed, actual = row["beside"], self._actual_marks(row, approvals)
        if not isinstance(sealed, dict):
            self._note(row, "beside", actual, sealed)
            return
        ids = {approval.leg: approval.id for approval in approvals}
        for name in sorted(sealed.keys() & actual.keys()):
            if sealed[name] == actual[name]:
                continue
            table, _, column = name.rpartition(".")
            expected, got = f"a value marked {sealed[name]}", f"one marked {actual[name]}"
            if table == "sessions":
                self.findings.append(finding(table, self.facts.session_id, column, expected, got))
            elif table.startswith("approvals."):
                leg = table.partition(".")[2]
                self.findings.append(finding("approvals", ids[leg], column, expected, got))
            else:
                self._note(row, column, expected, f"{got}: {row[column]}")
