"""The checker: hears every event and every committed row, and says which invariant broke first."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from simulator.checker.accounts import Accounts
from simulator.checker.comparisons import Comparisons
from simulator.checker.decision import decided
from simulator.checker.guards import Guards
from simulator.checker.ledger import Ledger
from simulator.checker.limits import Limits
from simulator.checker.money import Money, body_of, units
from simulator.checker.orders import Orders
from simulator.checker.protection import Protection
from simulator.checker.targets import Targets
from simulator.checker.verdict import Violation, must

MOST_LINKS = 40
BACK_S = 30.0
"""I18: within this long after the faults have stopped everything has come right."""
ROUND_S = 20.0
"""Only a round asks what became of an order, and those of a recorded market are this far apart."""
ABSENT_S = 25.0
"""An order may still arrive this long after it was sent; nobody may call it absent sooner."""
Change = tuple[str, Any, "dict[str, Any] | None", "dict[str, Any] | None"]


class Checker:
    """``violation`` is the first thing that broke."""

    def __init__(self) -> None:
        self.money, self.orders, self.ledger = Money(), Orders(), Ledger()
        self.accounts, self.limits = Accounts(), Limits()
        self.guards, self.protection, self.targets = Guards(), Protection(), Targets()
        self.comparisons = Comparisons()
        self.voting: dict[str, Any] = {}
        self.violation: Violation | None = None
        self._ready: dict[str, bool] = {}
        self._calm_at: float | None = None
        self._rounds_in_calm = 0
        self._life: dict[str, int] = {}
        self.checks = 0

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something happened."""
        try:
            self.checks += 1
            self.money.hear(at, kind, facts)
            self.orders.hear(at, kind, facts)
            self.ledger.hear(at, kind, facts)
            self.limits.hear(at, kind, facts)
            self.protection.hear(at, kind, facts)
            self.targets.hear(at, kind, facts)
            self.comparisons.hear(at, kind, facts)
            if kind == "venue_accepted":
                self.limits.accepted(at, facts, self.orders.rows[facts["cid"]])
            elif kind == "venue_trade":
                self.orders.trade(at, facts)
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
                self._calm_at = at
            elif kind == "replayed":
                must(
                    facts["identical"],
                    "I5",
                    f"round {facts['seq']} recomputed differs: {facts['differences']}",
                )
        except Violation as violation:
            self._note(at, violation)

    def rows(self, at: float, changes: Sequence[Change], *, forgotten: bool = False) -> None:
        """A transaction was committed (or a crash took one back: its changes in reverse)."""
        try:
            self.checks += 1
            records = []
            for table, _, before, after in changes:
                if not (forgotten and table == "orders"):  # what was said of it is said again
                    self.money.row(at, table, before, after)
                self.orders.row(at, table, before, after)
                self.ledger.row(at, table, before, after)
                if forgotten and table == "rounds" and after is not None:
                    self.ledger.forgotten(after)
                self.limits.row(at, table, before, after)
                self.protection.row(at, table, before, after)
                self.comparisons.row(at, table, before, after)
                if table == "sessions" and before is None and after is not None:
                    self.accounts.opened(units(after["initial_capital"]))
                    self.voting = after["config"]["voting"]
                if table == "cycles" and after is not None:
                    records.append(after)
            beside = Counter(
                table for table, _, before, after in changes if before is None and after is not None
            )
            events = [after for table, _, _, after in changes if table == "events" and after is not None]
            for row in records:
                self._rounds_in_calm += self._calm_at is not None and row["kind"] == "ROUND"
                body = body_of(row)
                self.ledger.record(at, body, row, beside, events)
                self.money.record(at, body, row)
                self.accounts.record(body)
                self.limits.record(at, body, self.accounts.equity)
                self.guards.record(body, self.limits.risk)
                self.targets.record(at, body)
                if row["kind"] == "ROUND":
                    decided(body, self.voting)
        except Violation as violation:
            self._note(at, violation)

    def second(self, at: float, links: int, tasks: int) -> None:
        """Every virtual second: what is bounded stays bounded, and what must be back is back."""
        try:
            must(links <= MOST_LINKS, "I17", f"{links} database connections at once")
            must(tasks <= 2000, "I17", f"{tasks} tasks at once")
            if self._calm_at is not None and at > self._calm_at + BACK_S:
                self._recovered(at, self._calm_at)
                self.protection.second(at, self._calm_at + BACK_S)
                self.targets.second(at, self._calm_at)
        except Violation as violation:
            self._note(at, violation)

    def quiet(self) -> bool:
        """Nothing is on its way: no order in doubt, no trade or end that is not booked, no round in hand."""
        waiting = self.orders.unresolved or self.money.unbooked or self.ledger.open_rounds
        return not (waiting or self.orders.unheard())

    def _recovered(self, at: float, calm_at: float) -> None:
        down = sorted(name for name, ready in self._ready.items() if not ready)
        must(not down, "I18", f"not ready {at - calm_at:.0f} s after the faults had stopped: {down}")
        for cid, since in self.orders.unresolved.items():
            until = max(calm_at, since + ABSENT_S) + BACK_S + ROUND_S
            must(
                at <= until,
                "I18",
                f"{cid} in doubt since {since:.0f} s, and the faults stopped at {calm_at:.0f} s",
            )
        for cid, since in self.orders.unheard().items():
            until = max(calm_at, since) + BACK_S + ROUND_S
            must(at <= until, "I18", f"{cid} ended at {since:.0f} s, and the floor does not know of it")
        for trade, since in self.money.unbooked.items():
            in_doubt = (
                self.money.trades[trade]["cid"] in self.orders.unresolved
            )  # it is booked with its order
            until = max(calm_at, since) + BACK_S
            must(at <= until or in_doubt, "I18", f"trade {trade} of {since:.0f} s is not booked")

    def finish(self, at: float, cash: int, base: int) -> None:
        """Faults have stopped long ago: everything must have come right."""
        try:
            down = sorted(name for name, ready in self._ready.items() if not ready)
            must(not down, "I18", f"not ready: {down}")
            must(self._rounds_in_calm > 0, "I18", "no round ended after the faults had stopped")
            self.orders.finish(at)
            self.money.finish(cash, base)
            self.comparisons.finish(at)
        except Violation as violation:
            self._note(at, violation)

    def _note(self, at: float, violation: Violation) -> None:
        if self.violation is None:
            self.violation = Violation(
                violation.invariant, f"{str(violation).partition(': ')[2]} (at {at:.3f} s)"
            )
