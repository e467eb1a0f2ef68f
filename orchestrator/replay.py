"""A round again, from its record: the same code with the recorded world behind it, and the first thing that differs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any
from uuid import UUID

from openoutcry.canonical import derived_id, digest
from openoutcry.errors import BadInput, ReplayDiverged
from openoutcry.learning.learned import LEARNED
from openoutcry.learning.learned import told as told_in
from openoutcry.ledger.chain import link
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.outcomes import Case, judging
from openoutcry.ledger.traded import adopted
from openoutcry.orders import client_order_id, order_hash
from openoutcry.ports import AccountSync
from openoutcry.settings import Settings
from openoutcry.strategy.seat import SEATED, StrategySeat
from openoutcry.types.book import Portfolio
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import Approval, Bracket, OrderRequest
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot
from openoutcry.voting.seats import Seat
from orchestrator.cycle import run_cycle
from orchestrator.debate import debated_again
from orchestrator.desk import LEFT_OVER, Desk
from orchestrator.look import Seen
from orchestrator.poll import Polled
from orchestrator.seating import DEFINED, seats_of
from orchestrator.turn import Turn

TOLD = ("halted", "restricted", "settings", SEATED, DEFINED, LEARNED)
"""What comes into a record's detail from outside its round."""
Recast = Callable[[Snapshot, Ballot], Awaitable[Ballot]]
"""What an agent says today to what it saw then. Raises ReplayDiverged."""


class Replay(Frozen):
    """How a replay went. ``differences`` name a path in the record, what was recorded and what came out now."""

    identical: bool
    seq: int
    digest: str
    recomputed: str
    differences: tuple[str, ...] = ()
    took_ms: float = 0.0


@dataclass
class RecordedBroker:
    """The venue as the record heard it: each question gets the answer it got then."""

    record: CycleRecord
    cursor: int = 0
    first_accepted: float | None = None
    _heard: int = 0
    _fills: int = 0

    async def sync(self) -> AccountSync:
        """What had happened since the record before, and what of the record's orders had left already."""
        left = self.record.detail.get(LEFT_OVER, ())
        sent = tuple(order.request for order in self.record.orders if order.request.leg in left)
        rules = tuple(Instrument.model_validate(one) for one in self.record.detail.get("instruments", ()))
        return replace(self._next("sync"), sent=sent, instruments=rules)

    async def place(self, request: OrderRequest, approval: Approval) -> AccountSync:
        """What became of this leg. Raises ReplayDiverged for an order the record does not hold."""
        planned = {order.request.leg: order.request for order in self.record.orders}
        if planned.get(request.leg) != request:
            raise ReplayDiverged(f"orders.{request.leg}: recorded {planned.get(request.leg)}, now {request}")
        return self._next(f"place:{request.leg}")

    async def cancel(self, order_seq: int, leg: str) -> AccountSync:
        """What became of a cancelled order."""
        return self._next(f"cancel:{order_seq}:{leg}")

    async def rest(self) -> AccountSync:
        """What an interrupted first attempt had done."""
        self.cursor = int(self.record.detail["cursor"])
        return self._next("rest")

    def _next(self, cause: str) -> AccountSync:
        if self._heard >= len(self.record.news) or self.record.news[self._heard].cause != cause:
            return AccountSync((), ())
        news = self.record.news[self._heard]
        fills = self.record.fills[self._fills : self._fills + news.fills]
        self._heard, self._fills = self._heard + 1, self._fills + news.fills
        heard = {(state.order_seq, state.leg) for state in news.orders}
        new = (o for o in adopted(self.record) if (o.state.order_seq, o.state.leg) in heard)
        return AccountSync(fills, news.orders, tuple(new))


@dataclass
class RecordedFloor:
    """A floor on which one recorded round happens again: agents think anew over the tool answers they had."""

    record: CycleRecord
    session_id: UUID
    recast: Recast
    again: CycleRecord | None = field(default=None, init=False)

    async def look(self, turn: Turn) -> Seen:
        """The recorded snapshot and features."""
        assert self.record.snapshot is not None
        return Seen(self.record.snapshot, self.record.features)

    def broker(self, turn: Turn) -> RecordedBroker:
        """The recorded venue."""
        return RecordedBroker(self.record)

    async def opened(
        self, turn: Turn, snapshot: Snapshot | None, portfolio: Portfolio
    ) -> tuple[Ballot, ...] | None:
        """Nothing to note."""
        return None

    async def ask(self, turn: Turn, snapshot: Snapshot) -> Polled:
        """Every recorded voice again."""
        ballots = tuple([await self.recast(snapshot, ballot) for ballot in self.record.ballots])
        return Polled(debated_again(ballots, turn, snapshot), {})

    async def cast(self, turn: Turn, ballots: tuple[Ballot, ...]) -> None:
        """Nothing to keep."""

    def approve(
        self, turn: Turn, request: OrderRequest, *, reduces: bool, bracket: Bracket | None = None
    ) -> Approval:
        """An unsigned approval: nothing is placed anywhere."""
        return Approval(
            approval_id=str(derived_id(self.session_id, "approval", turn.seq, request.leg)),
            client_order_id=client_order_id(self.session_id, turn.seq, request.leg),
            order_hash=order_hash(request),
            session_id=str(self.session_id),
            seq=turn.seq,
            expires_at=turn.as_of,
            reduces=reduces,
            bracket=bracket,
            mac="",
        )

    async def commit(self, turn: Turn, record: CycleRecord, timings: dict[str, Any]) -> str:
        """Keep the recomputed record."""
        self.again = record
        return link(record).hash


@dataclass(frozen=True, slots=True)
class Recording:
    """What one round is recomputed from: its record, the one before it, the settings in force then and at the opening,
    the decisions still open before it, and the strategies that had a seat in it.
    """

    record: CycleRecord
    previous: CycleRecord
    facts: SessionFacts
    settings: Settings
    opening_settings: Settings
    cases: tuple[Case, ...]
    strategies: tuple[StrategySeat, ...] = ()


async def replay(recording: Recording, recast: Recast, seats: Sequence[Seat]) -> Replay:
    """Recompute a round. ``seats`` are those of the floor's own agents. Raises BadInput for a record that is no round."""
    record, previous = recording.record, recording.previous
    if record.kind != "ROUND":
        raise BadInput(f"record {record.seq} is {record.kind}: only rounds are recomputed", field="seq")
    began = perf_counter()
    desk = Desk(
        facts=recording.facts,
        judging=judging(recording.opening_settings),
        seq=previous.seq,
        head=previous.prev_hash,
        portfolio=previous.portfolio_before,
        paused=bool(record.detail.get("paused")),
    )
    desk.absorb(previous, link(previous).hash, recording.cases)
    told: dict[str, Any] = {key: record.detail[key] for key in TOLD if key in record.detail}
    halted, learned = record.detail.get("halted"), told_in(record.detail)
    present = (*seats, *seats_of(recording.strategies))
    turn = Turn(
        desk,
        record.seq,
        record.as_of,
        "",
        recording.settings,
        digest(recording.settings),
        halted,
        told,
        present if learned is None else learned.weighed(present),
        recording.strategies,
        tuple(record.detail.get("restricted", ())),
        learned,
    )
    floor = RecordedFloor(record, recording.facts.session_id, recast)
    diverged: tuple[str, ...] = ()
    try:
        await run_cycle(floor, turn)
    except ReplayDiverged as error:
        diverged = (str(error),)
    wanted, now = link(record).hash, "" if floor.again is None else link(floor.again).hash
    found = tuple(differences(record, floor.again)) if floor.again is not None and now != wanted else ()
    return Replay(
        identical=now == wanted,
        seq=record.seq,
        digest=wanted,
        recomputed=now,
        differences=diverged + found,
        took_ms=(perf_counter() - began) * 1000,
    )


def differences(recorded: CycleRecord, now: CycleRecord, most: int = 20) -> list[str]:
    """Where two records differ, as ``path: recorded X, now Y``, first difference first."""
    found: list[str] = []
    _compare("", recorded.model_dump(mode="json"), now.model_dump(mode="json"), found, most)
    return found


def _compare(path: str, old: Any, new: Any, found: list[str], most: int) -> None:
    if old == new or len(found) >= most:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            _compare(f"{path}.{key}" if path else key, old.get(key), new.get(key), found, most)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            _compare(f"{path}[{index}]", before, after, found, most)
    else:
        found.append(f"{path}: recorded {_short(old)}, now {_short(new)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
