"""Everything a sweep depends on, as one frozen value: the same spec on the same candles gives the same trials."""

from typing import Annotated, Any, Literal

from pydantic import Field

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.search.candidates import Method
from openoutcry.canonical import digest
from openoutcry.strategy.execution import Costs
from openoutcry.types.frozen import Frozen

Splitting = Literal["none", "walk_forward", "k_fold"]


class Market(Frozen):
    """The candles: whose, which, from the first to the last bar's open (UTC ms), and a digest of every number in them."""

    exchange: str
    symbol: str
    timeframe: str
    first_ms: int
    last_ms: int
    bars: int
    digest: str


class Forward(Frozen):
    """How parameters are judged on rows they were not chosen on. ``purge`` and ``embargo`` are bars."""

    splitting: Splitting = "none"
    folds: Annotated[int, Field(ge=0, le=100)] = 0
    test_folds: Annotated[int, Field(ge=1, le=50)] = 1
    anchored: bool = False
    purge: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    embargo: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class SweepSpec(Frozen):
    """A sweep. ``strategy`` is complete (varying.mapping_of); ``vary`` and ``where`` as in a space file; pairs, since the
    order of dimensions is the order of combinations, and JSON objects have none."""

    strategy: dict[str, Any]
    market: Market
    costs: Costs
    fills: FillModel
    perpetual: Perpetual | None = None
    vary: tuple[tuple[str, dict[str, Any]], ...]
    where: tuple[str, ...] = ()
    method: Method
    trials: Annotated[int, Field(ge=1, le=10_000)]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    objective: str
    min_trades: int
    forward: Forward = Forward()

    @property
    def digest(self) -> str:
        """Tells this sweep from every other."""
        return digest(self.model_dump(mode="json"))
