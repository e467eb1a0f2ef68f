"""Going on after a stop or a crash: exactly where the ledger ends."""

from dataclasses import dataclass

import structlog

from db.rounds import Interrupted
from openoutcry.portfolio import opening
from openoutcry.types.symbols import parse_symbol
from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk
from wire.config import RunSpec

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begun:
    """A round that had begun and not ended, as the database tells of it."""

    desk: Desk
    told: Interrupted


@dataclass(frozen=True, slots=True)
class Resumed:
    """Sessions of the same run that were still open, and rounds that had begun and not ended."""

    desks: list[Desk]
    interrupted: list[Begun]


async def resume(floor: LiveFloor, spec: RunSpec) -> Resumed:
    """Rebuild every open session of this run from its last record.

    A round that had begun is run again under its own number and ``as_of``: orders carry ids that follow from the round,
    so what the first attempt placed is found and not placed again, and ballots already cast are used as they were.
    """
    desks: list[Desk] = []
    interrupted: list[Begun] = []
    for stored in await floor.store.open_sessions(spec.key(), floor.settings):
        desk = Desk(
            facts=stored.facts,
            judging=stored.judging,
            seq=0,
            head=stored.head,
            portfolio=opening(parse_symbol(stored.facts.symbol).quote, stored.facts.initial_capital),
            paused=stored.paused,
        )
        if stored.last is None:
            await floor.store.abandon_session(stored.facts.session_id)
            log.warning("session_without_record", session=str(stored.facts.session_id))
            continue
        desk.absorb(stored.last, stored.head, stored.cases)
        if stored.last.kind == "OPEN":
            desk.as_of = None
        desks.append(desk)
        log.info("session_resumed", session=str(stored.facts.session_id), seq=desk.seq)
        begun = await floor.store.interrupted_round(stored.facts.session_id, desk.seq)
        if begun is not None and begun.looked:
            interrupted.append(Begun(desk, begun))
        desk.begun = begun is not None
    return Resumed(desks, interrupted)
