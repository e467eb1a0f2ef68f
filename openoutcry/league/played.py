"""What one entrant did in one window: its calls, the account that followed them, and how far its words held."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from openoutcry.league.account import Line, follow
from openoutcry.league.calls import Call, wanted
from openoutcry.league.resampling import Span
from openoutcry.ledger.outcomes import Judging
from openoutcry.market.candles import Floats, Stamps
from openoutcry.minds.contamination import Mark, worst
from openoutcry.types.timeframes import from_millis
from openoutcry.voting.hindsight import Judged, Said, judge

ALL = UUID(int=0)


class Terms(NamedTuple):
    """What everybody pays and is judged by: ``fill_cost`` is the fraction of a trade that fee, spread and slippage take."""

    capital: float
    fill_cost: float
    judging: Judging


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """A window: opening times (UTC ms) and prices from the first decision's bar to the last; ``later`` closes tell how words
    ended that look beyond it. ``drift`` is the truth of each bar, where it is known.
    """

    world: str
    step: timedelta
    stamps: Stamps
    opens: Floats
    closes: Floats
    later: tuple[tuple[datetime, float], ...] = ()
    drift: Floats | None = None

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def span(self) -> Span:
        """Its place for the bootstrap: one return less than there are bars."""
        return Span((int(self.stamps[0]), int(self.stamps[-1])), len(self) - 1)

    def closed(self, bar: int) -> datetime:
        """When a bar is closed."""
        return from_millis(int(self.stamps[bar])) + self.step


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One entrant in one window. ``true`` counts the BUYs and SELLs that went with the world's true drift, of ``told``;
    ``reasons`` the kinds of abstention.
    """

    entrant: str
    bars: Bars
    calls: tuple[Call, ...]
    line: Line
    judged: tuple[Judged, ...]
    pending: int
    true: int = 0
    told: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def mark(self) -> Mark:
        """The worst mark of its calls."""
        return worst(call.mark for call in self.calls)


def played(entrant: str, bars: Bars, calls: Sequence[Call], terms: Terms) -> Played:
    """Follow and judge the calls of one window."""
    usd = np.zeros(len(bars))
    for call in calls:
        usd[call.bar] += float(call.usd)
    line = follow(
        wanted(calls, len(bars)), bars.opens, bars.closes, cost=terms.fill_cost, capital=terms.capital, usd=usd
    )  # fmt: skip
    judged, pending = _judged(entrant, bars, calls, terms)
    sides = [call for call in calls if call.word in ("BUY", "SELL")] if bars.drift is not None else []
    reasons = [call.reason.partition(":")[0] for call in calls if call.word is None]
    return Played(
        entrant=entrant,
        bars=bars,
        calls=tuple(calls),
        line=line,
        judged=tuple(judged),
        pending=pending,
        true=sum(_true(bars, call) for call in sides),
        told=len(sides),
        reasons={reason: reasons.count(reason) for reason in sorted(set(reasons))},
    )


def _true(bars: Bars, call: Call) -> bool:
    """Whether a side was the next bar's true one. Where there is no drift neither is."""
    assert bars.drift is not None
    drift = float(bars.drift[min(call.bar + 1, len(bars) - 1)])
    return drift > 0 if call.word == "BUY" else drift < 0


def _judged(entrant: str, bars: Bars, calls: Sequence[Call], terms: Terms) -> tuple[list[Judged], int]:
    """The words with a confidence, by the price at their own horizons, as ``outcry agents report`` judges them."""
    said = [
        Said(
            agent=entrant,
            session=ALL,
            at=bars.closed(call.bar),
            action=call.word,
            confidence=call.confidence,
            price=float(bars.closes[call.bar]),
            bar=bars.step,
            horizon_bars=call.horizon_bars or 1,
            cost=float(terms.judging.cost),
            calm=float(terms.judging.calm),
        )
        for call in calls
        if call.word is not None and call.confidence is not None
    ]
    inside = [(bars.closed(bar), float(bars.closes[bar])) for bar in range(len(bars))]
    return judge(said, {ALL: [*inside, *bars.later]})
