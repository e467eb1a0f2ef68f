"""The CycleRecord: everything one round saw, said, decided and did. The ledger is a chain of these."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Snapshot, Source
from openoutcry.types.orders import Fill, OrderState, PlannedOrder, WorkingOrder
from openoutcry.types.votes import Ballot, Unit

RecordKind = Literal["OPEN", "ROUND", "MANUAL", "ABORTED", "STOP"]
Outcome = Literal["PENDING", "SUCCESS", "FAILURE"]
Direction = Literal["LONG", "SHORT", "FLAT", "KEEP"]


def _absent(value: object) -> bool:
    return value is None


class AgentWeight(Frozen):
    """What one ballot weighed in a tally: 0 for an abstention or a non-directional voice. ``believed`` is the chance that it
    is right, which it counted with in place of its own confidence; left out while nothing is learned of the agent.
    """

    agent: str
    weight: float
    counted: bool
    note: str = ""
    believed: Annotated[Unit | None, Field(exclude_if=_absent)] = None


class Tally(Frozen):
    """How the votes were counted. ``scores`` are weight x confidence sums over the counted weight, per action."""

    scores: dict[str, float]
    weights: tuple[AgentWeight, ...]
    voters: int
    quorum: int
    consensus: float
    min_consensus: float
    vetoed_by: tuple[str, ...] = ()
    rule: str


class Decision(Frozen):
    """The floor's word for one round: ``target`` is the directional position it wants afterwards.

    ``size_factor`` is the risk voice's cap on size; ``hedge_ratio`` the hedge wanted, None to leave hedges alone.
    """

    action: Literal["BUY", "SELL", "HOLD"]
    target: Direction
    confidence: Unit
    reasoning: str
    size_factor: Unit = 1.0
    hedge_ratio: Unit | None = None
    stop_loss: PositiveAmount | None = None
    take_profit: PositiveAmount | None = None
    horizon_bars: Annotated[int, Field(ge=1)] = 24
    entries_blocked: str | None = None
    tally: Tally


class KnownOutcome(Frozen):
    """How an earlier decision ended; known, and so usable as memory, from this record's ``as_of`` on."""

    seq: int
    outcome: Literal["SUCCESS", "FAILURE"]
    pnl: Amount
    reason: str


class VenueNews(Frozen):
    """What one question to the venue brought, in the order asked: ``cause`` is ``sync``, ``place:<leg>``,
    ``cancel:<seq>:<leg>`` or ``rest``. The next ``fills`` of the record's fills came with it.
    """

    cause: str
    fills: Annotated[int, Field(ge=0)]
    orders: tuple[OrderState, ...]


class CycleRecord(Frozen):
    """One link of the ledger. Identical inputs give identical bytes: no wall time, latency, random or database id inside.

    ``working`` are the orders that could still execute when the round began. ``fills`` and ``order_updates`` are what the
    venue reported since the previous record, then what this round's own orders did; ``news`` says what came when, so that
    a replay hears it in the same order.
    ``closed`` are positions that went flat; ``detail`` holds what only one kind needs (configuration at OPEN, the
    manual order's command at MANUAL, statistics at STOP, the reason at ABORTED).
    """

    version: Literal[1] = 1
    kind: RecordKind
    seq: Annotated[int, Field(ge=0)]
    as_of: datetime
    source: Source
    config_digest: str
    snapshot: Snapshot | None = None
    ballots: tuple[Ballot, ...] = ()
    decision: Decision | None = None
    working: tuple[WorkingOrder, ...] = ()
    orders: tuple[PlannedOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    order_updates: tuple[OrderState, ...] = ()
    news: tuple[VenueNews, ...] = ()
    closed: tuple[Position, ...] = ()
    outcomes: tuple[KnownOutcome, ...] = ()
    portfolio_before: Portfolio
    portfolio_after: Portfolio
    equity: Amount
    features: dict[str, float | None] = Field(default_factory=dict)
    context_embedding: tuple[float, ...] = ()
    detail: dict[str, Any] = Field(default_factory=dict)
    prev_hash: str
