"""Does the table find something where there is nothing? In worlds without any drift every edge that it shows is luck."""

from collections.abc import Sequence
from dataclasses import dataclass

from openoutcry.league.standing import UNTRIED, Standing


@dataclass(frozen=True, slots=True)
class Control:
    """``found`` are the entrants, of ``entrants``, whose 95 % interval of the Sharpe ratio lies above 0 although nothing can."""

    world: str
    entrants: int
    found: tuple[str, ...]


def control(world: str, rows: Sequence[Standing]) -> Control:
    """Of the standings in a world of which it is known that there is nothing to find."""
    tried = [row for row in rows if row.entrant not in UNTRIED and row.sharpe_interval is not None]
    found = [row.entrant for row in tried if row.sharpe_interval is not None and row.sharpe_interval.low > 0]
    return Control(world, len(tried), tuple(sorted(found)))
