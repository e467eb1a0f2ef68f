"""Letting go of the breaker: a person accepts what was lost, and losses are counted from now."""

from collections.abc import Iterable
from typing import Any

from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk
from orchestrator.manual import act, exactly


async def reset_breaker(floor: LiveFloor, desks: Iterable[Desk], reason: str, by: str) -> dict[str, Any]:
    """Let these sessions enter again: one record each says who did it and why. A halt that the breaker threw is lifted."""
    done = []
    for desk in desks:
        if desk.latched:
            rules = sorted(desk.latched)
            await act(
                floor,
                desk,
                exactly(),
                {"reset_breaker": {"reason": reason, "by": by, "rules": rules}},
                reset=True,
            )
            done.append({"session_id": str(desk.facts.session_id), "rules": rules})
    stands = (await floor.store.halts()).get(None)
    lifted = stands is not None and stands["source"] == "breaker"
    if lifted:
        await floor.store.release(reason, by)
    return {"reset": done, "released": lifted}
