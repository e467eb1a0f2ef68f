"""Opening and closing a trading session: the first and the last record of its chain."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid5

from openoutcry.errors import BadInput
from openoutcry.ledger.facts import SessionFacts, genesis_hash
from openoutcry.ledger.outcomes import judging
from openoutcry.portfolio import mark, opening
from openoutcry.types.amounts import plain
from openoutcry.types.record import CycleRecord
from openoutcry.types.symbols import parse_symbol
from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk
from wire.config import RunSpec

NAMESPACE = UUID("6f70656e-6f75-7463-7279-000000000001")
LOOKS, LOOK_S = 20, 0.5
"""For the first bars of a live market."""


async def first_bars(floor: LiveFloor, symbols: Iterable[str]) -> None:
    """Wait, for ten seconds at most, until a live market has bars of the symbols and of their perpetuals.

    A session keeps for good what is listed when it opens; one that came first would never hedge nor sell short.
    """
    pairs = [parse_symbol(symbol) for symbol in symbols]
    wanted = {str(side) for pair in pairs for side in (pair, pair.perpetual())}
    for _ in range(LOOKS):
        if wanted <= await floor.listed_symbols():
            return
        await asyncio.sleep(LOOK_S)


async def open_session(
    floor: LiveFloor,
    spec: RunSpec,
    symbol: str,
    capital: Decimal | None = None,
    *,
    mode: Literal["PAPER", "LIVE"] | None = None,
) -> Desk:
    """Start a session on ``symbol`` with its perpetual, when one is listed, as hedge. Writes the OPEN record."""
    listed = await floor.listed_symbols()
    pair = parse_symbol(symbol)
    if listed and symbol not in listed:
        raise BadInput(
            f"symbol: {symbol} is not traded here; there is {', '.join(sorted(listed))}", field="symbol"
        )
    perpetual = str(pair.perpetual())
    hedge = perpetual if pair.kind == "spot" and perpetual in listed else None
    amount = capital if capital is not None else floor.settings.trading.initial_capital
    key = spec.key()
    counted = floor.store.count_sessions
    number = await (counted() if floor.tape is None else floor.tape.number(counted))
    facts = SessionFacts(
        session_id=uuid5(NAMESPACE, f"{key}:{symbol}:{number}"),
        org_id=UUID(floor.org_id),
        mode=mode or ("LIVE" if spec.live else "PAPER"),
        symbol=symbol,
        hedge_symbol=hedge,
        exchange=spec.exchange,
        timeframe=spec.timeframe,
        source=spec.market,
        seed=spec.seed,
        initial_capital=amount,
        config_digest=floor.config_digest,
    )
    desk = Desk(
        facts=facts,
        judging=judging(floor.settings),
        seq=0,
        head=genesis_hash(facts),
        portfolio=opening(pair.quote, amount),
    )
    await floor.store.create_session(facts, key, floor.settings)
    as_of = await floor.now()
    told = spec.model_dump(mode="json", exclude={"speed", "rounds", "end"})
    record = CycleRecord(
        kind="OPEN",
        seq=0,
        as_of=as_of,
        source=facts.source,
        config_digest=floor.config_digest,
        portfolio_before=desk.portfolio,
        portfolio_after=desk.portfolio,
        equity=amount,
        detail={"settings": floor.settings.model_dump(mode="json"), "run": told},
        prev_hash=desk.head,
    )
    desk.absorb(record, await floor.commit(floor.turn(desk, as_of), record, {}), ())
    desk.as_of = None  # no round yet: the first tick may be this very instant
    return desk


async def close_session(
    floor: LiveFloor, desk: Desk, *, reason: str, detail: dict[str, Any] | None = None
) -> dict[str, Any]:
    """End a session: its STOP record, its status, and its figures."""
    as_of = desk.as_of or await floor.now()
    equity = mark(desk.portfolio, desk.marks).equity
    record = CycleRecord(
        kind="STOP",
        seq=desk.seq,
        as_of=as_of,
        source=desk.facts.source,
        config_digest=floor.config_digest,
        working=tuple(desk.working[key] for key in sorted(desk.working)),
        portfolio_before=desk.portfolio,
        portfolio_after=desk.portfolio,
        equity=equity,
        detail={
            "reason": reason,
            "cursor": desk.cursor,
            "marks": {symbol: plain(price) for symbol, price in sorted(desk.marks.items())},
            **(detail or {}),
        },
        prev_hash=desk.head,
    )
    desk.absorb(record, await floor.commit(floor.turn(desk, as_of), record, {}), desk.cases)
    return await floor.store.summary(desk.facts.session_id)
