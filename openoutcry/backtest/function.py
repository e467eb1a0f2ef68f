"""Strategies in plain Python: a function over arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openoutcry.backtest.plan import Plan
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.signals.bars import Bars


@dataclass(frozen=True, slots=True, eq=False)
class FunctionStrategy:
    """``fn(bars, **params)`` returns what ``Plan.of`` takes: ``(entries, exits)``, or a mapping with those and ``stop``,
    ``target`` (prices) and ``side`` (+1 or −1) as it likes. ``side`` here is that of strategies that give none, ``asset``
    what its trades are said to be in."""

    name: str
    fn: Callable[..., object]
    params: Mapping[str, Any] = field(default_factory=dict)
    side: int = 1
    asset: str = ""

    def plan(self, candles: Candles) -> Plan:
        """Call it. Raises BadInput naming ``strategy`` when it fails, or what is wrong with what it returned."""
        try:
            made = self.fn(Bars.of(candles), **self.params)
        except Exception as error:  # whatever a stranger's function raises, it is the strategy that is wrong
            text = f"strategy: {self.name} failed: {type(error).__name__}: {error}"
            raise BadInput(text[:500], field="strategy") from error
        return Plan.of(made, len(candles), side=self.side)
