"""What the orchestrator does about a thrown kill switch: cancel what could still add, and close everything if asked to.

The switch itself holds without it: the execution server looks before every order. Protective orders of what is held
stay, unless everything is closed.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import LEFT_OVER, Desk
from orchestrator.manual import act, exactly, flatten

log = structlog.get_logger()
AGAIN_S = 30.0
"""Until exits that were refused are sent again."""


async def heed(floor: LiveFloor, desks: Iterable[Desk]) -> None:
    """Take in what is halted now, and do once what each halt wants done."""
    while floor.store.halts_changed.is_set():
        floor.store.halts_changed.clear()
        await _heed(floor, tuple(desks))


async def _heed(floor: LiveFloor, desks: tuple[Desk, ...]) -> None:
    found = await floor.store.halts()
    whole = found.get(None)
    floor.halted = None if whole is None else str(whole["reason"])
    floor.restricted = tuple(sorted(symbol for symbol in found if symbol is not None))
    for symbol, halt in found.items():
        if not halt["swept"]:
            done = True
            for desk in desks:
                if symbol in (None, desk.facts.symbol, desk.facts.hedge_symbol):
                    done = await _sweep(floor, desk, symbol, halt) and done
            if done:
                await floor.store.swept(symbol, flatten=halt["flatten"])
            else:
                log.error("halt_not_swept", symbol=symbol, again_s=AGAIN_S)
                asyncio.get_running_loop().call_later(AGAIN_S, floor.store.halts_changed.set)
    await floor.store.tell_halts()


async def _sweep(floor: LiveFloor, desk: Desk, symbol: str | None, halt: dict[str, Any]) -> bool:
    """Whether nothing is left to do: an exit that was refused is."""
    reason = f"halt: {halt['reason']}"
    if halt["flatten"]:
        return await flatten(floor, desk, reason, symbol)
    adding = tuple(
        key
        for key, order in sorted(desk.working.items())
        if symbol in (None, order.request.symbol) and not order.request.reduce_only
    )
    log.info("halt_swept", session=str(desk.facts.session_id), cancels=len(adding))
    if adding or desk.begun:
        record = await act(floor, desk, exactly(), {"halt": reason}, cancels=adding)
        if LEFT_OVER in record.detail:  # what was only heard of now may be open
            return await _sweep(floor, desk, symbol, halt)
    return True
