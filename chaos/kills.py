"""What is killed, and what one slice of kills did and found."""

from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.checker.findings import Findings

BY_ORDER = ("k7", "k8", "k9", "k10", "k11", "k12", "k13", "k14")
"""Passed by every order a person asks for."""
BY_ROUND = ("k1", "k2", "k4", "k6", "k15")
"""Passed once a bar, k15 whenever something bought gets its stop; planted, and taken when somebody comes by."""
BY_TRADE = ("k3", "k5")
"""Passed by a round that trades: it lifts the hedge of what was sold since the last one."""
PROCESSES = (
    "execution",
    "orchestrator",
    "api",
    "risk",
    "market",
    "agent-trend",
    "agent-technical",
    "postgres",
    "postgres",
    "postgres",
    "backend",
)
"""What is killed at random; Postgres oftener, for its kills are a tenth of the goal."""
MANY = (1, 1, 2, 2, 3, 3)
"""How many die together."""
BESIDE_IT = tuple(name for name in PROCESSES if name != "execution")


@dataclass
class Kill:
    """One kill, and how long it took until everything ran again, and until an order was answered rightly."""

    what: str
    ready_s: float | None = None
    order_s: float | None = None


@dataclass
class Slice:
    """What one slice did and found. ``spent`` says for what it waited, in seconds."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    orders: int = 0
    pauses: int = 0
    during_pauses: int = 0
    findings: Findings = field(default_factory=Findings)
    gave_up: str = ""
    spent: dict[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return asdict(self)
