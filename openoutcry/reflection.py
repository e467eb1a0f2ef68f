"""What is kept of a decision once its end is known: by rules, out of the ledger's own figures.

No text of an agent, a model or the outside goes in: words, names, numbers and the outcome's own reason, all the floor's. So a
sentence that somebody planted in a headline or an answer cannot come back as a memory.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from openoutcry.types.amounts import plain

AUTHOR = "rules-v1"
DIRECTIONAL = ("BUY", "SELL", "HOLD")


class Reflection(NamedTuple):
    """``right`` and ``wrong`` are the agents whose word was the decision's when it ended well or badly; those that had called
    another direction are in the other list.
    """

    text: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def reflect(
    decision: str,
    symbol: str,
    confidence: float,
    outcome: str,
    pnl: Decimal,
    reason: str,
    votes: Iterable[tuple[str, str]],
) -> Reflection:
    """``votes`` are (agent, action) of the round."""
    called = [(agent, action) for agent, action in votes if action in DIRECTIONAL]
    agreed = tuple(sorted(agent for agent, action in called if action == decision))
    against = tuple(sorted(agent for agent, action in called if action != decision))
    good = outcome == "SUCCESS"
    right, wrong = (agreed, against) if good else (against, agreed)
    said = (
        f"{decision} {symbol} at confidence {confidence:.2f} ended as {outcome}, net {plain(pnl)}: {reason}."
    )
    who = f" Agreed: {', '.join(agreed) or 'nobody'}; called otherwise: {', '.join(against) or 'nobody'}."
    sure = ""
    if not good and confidence >= 0.7:
        sure = " It was sure and wrong: believe such confidence less in markets like this."
    elif good and against:
        sure = " Those who called otherwise were wrong this time."
    return Reflection(f"{said}{who}{sure}", right, wrong)
