"""The checker: hears every event and every committed row, and says which invariant broke first."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from simulator.checker.ledger import Ledger
from simulator.checker.money import Money, body_of
from simulator.checker.orders import Orders
from simulator.checker.verdict import Violation, must

MOST_LINKS = 40
Change = tuple[str, Any, "dict[str, Any] | None", "dict[str, Any] | None"]


class Checker:
    """``violation`` is the first thing that broke."""

    def __init__(self) -> None:
        self.money, self.orders, self.ledger = Money(), Orders(), Ledger()
        self.violation: Violation | None = None
        self._ready: dict[str, bool] = {}
        self._calm, self._rounds_in_calm = False, 0
        self._life: dict[str, int] = {}
        self.checks = 0

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something happened."""
        try:
            self.checks += 1
            self.money.hear(at, kind, facts)
            self.orders.hear(at, kind, facts)
            self.ledger.hear(at, kind, facts)
            if kind == "venue_trade":
                self.orders.trade(facts)
            elif kind == "process":
                self._life[facts["name"]] = facts["life"]
                self._ready[facts["name"]] = facts["name"] not in ("orchestrator", "execution")
            elif kind == "ready" and self._life[facts["name"]] == facts["life"]:
                self._ready[facts["name"]] = True
            elif kind == "process_ended" and self._life[facts["name"]] == facts["life"]:
                self._ready[facts["name"]] = False
            elif kind == "server_failed":
                must(False, "I18", f"{facts['name']}.{facts['tool']} fell over: {facts['error']}")
            elif kind == "calm":
                self._calm = True
            elif kind == "replayed":
                must(
                    facts["identical"],
                    "I5",
                    f"round {facts['seq']} recomputed differs: {facts['differences']}",
                )
        except Violation as violation:
            self._note(at, violation)

    def rows(self, at: float, changes: Sequence[Change]) -> None:
        """A transaction was committed (or a crash took one back: its changes in reverse)."""
        try:
            self.checks += 1
            records = []
            for table, _, before, after in changes:
                self.money.row(at, table, before, after)
                self.orders.row(at, table, before, after)
                self.ledger.row(at, table, before, after)
                if table == "cycles" and after is not None:
                    records.append(after)
            beside = Counter(
                table for table, _, before, after in changes if before is None and after is not None
            )
            events = [after for table, _, _, after in changes if table == "events" and after is not None]
            for row in records:
                self._rounds_in_calm += self._calm and row["kind"] == "ROUND"
                body = body_of(row)
                self.ledger.record(at, body, row, beside, events)
                self.money.record(at, body, row)
                self.orders.record(at, body, row)
        except Violation as violation:
            self._note(at, violation)

    def second(self, at: float, links: int, tasks: int) -> None:
        """Every virtual second: what is bounded stays bounded, and what must be back is back."""
        try:
            must(links <= MOST_LINKS, "I17", f"{links} database connections at once")
            must(tasks <= 2000, "I17", f"{tasks} tasks at once")
        except Violation as violation:
            self._note(at, violation)

    def finish(self, at: float, cash: int, base: int) -> None:
        """Faults have stopped long ago: everything must have come right."""
        try:
            down = sorted(name for name, ready in self._ready.items() if not ready)
            must(not down, "I18", f"not ready: {down}")
            must(self._rounds_in_calm > 0, "I18", "no round ended after the faults had stopped")
            self.orders.finish(at)
            self.money.finish(cash, base)
        except Violation as violation:
            self._note(at, violation)

    def _note(self, at: float, violation: Violation) -> None:
        if self.violation is None:
            self.violation = Violation(
                violation.invariant, f"{str(violation).partition(': ')[2]} (at {at:.3f} s)"
            )
