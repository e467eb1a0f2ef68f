"""From a decision to orders: what to cancel, what to place, and in which order. Pure; sends nothing.

    target   flat             long                            short LONG     buy spot         keep
    buy back the perpetual, long may follow next round SHORT    sell perpetual   sell spot, short may follow
    keep FLAT     nothing          sell spot                       buy back the perpetual KEEP     nothing
    keep, or close past its horizon

Closing cancels the position's protection. Hedges follow the spot, and blocked entries block nothing else. Every order
still has to pass the gate. What stays open, and what the entry fills, is protected afterwards, by ``protect``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openoutcry.risk.entries import plan_entry
from openoutcry.risk.exits import plan_exits
from openoutcry.risk.hedges import plan_hedge
from openoutcry.risk.levels import Levels
from openoutcry.risk.scene import Key, Scene
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import OrderRequest, WorkingOrder
from openoutcry.types.record import Decision


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round wants done at the venue: cancel first, then place in this order.

    ``levels`` is the protection of the position that this plan's entry opens: book it with the fill, then ask
    ``protect`` for its orders. ``notes`` say what was not done, and why.
    """

    cancels: tuple[Key, ...] = ()
    orders: tuple[OrderRequest, ...] = ()
    notes: tuple[str, ...] = ()
    levels: Levels | None = None


def plan_orders(
    decision: Decision,
    snapshot: Snapshot,
    portfolio: Portfolio,
    working: Iterable[WorkingOrder],
    settings: Settings,
    instruments: Mapping[str, Instrument],
    horizons: Mapping[int, int] | None = None,
    standing_hedge: float | None = None,
) -> Plan:
    """The round's plan: exits, then the hedge and the entry.

    ``instruments`` holds the session's symbols. ``horizons`` maps the round that opened a position to its
    horizon in bars; a position it does not know is held to this round's. ``standing_hedge`` is the hedge ratio a
    person asked for; it stands above the vote's.
    """
    scene = Scene(
        decision, snapshot, portfolio, tuple(working), settings, instruments, horizons or {}, standing_hedge
    )
    exits = plan_exits(scene)
    hedge = plan_hedge(scene, exits.closing)
    entry = plan_entry(scene)
    parts = (exits.step, hedge, entry.step)
    asked = (f"hedge: {standing_hedge:.2f} stands, as a person asked",) if standing_hedge is not None else ()
    cancels = tuple(dict.fromkeys(key for part in parts for key in part.cancels))
    return Plan(
        cancels=cancels,
        orders=tuple(order for part in parts for order in part.orders),
        notes=(*asked, *(note for part in parts for note in part.notes)),
        levels=entry.levels,
    )
