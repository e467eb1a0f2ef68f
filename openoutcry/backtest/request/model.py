"""A complete request: any worker computes the same from it, whatever the defaults say by then."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from openoutcry.backtest.fills import FillModel
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.strict import Strict
from openoutcry.types.venues import venue_of

Shape = Literal["tradai", "mangrove"]


class BacktestRequest(Strict):
    """A backtest as its job holds it. Every value is resolved; ``asked`` is the body as the client sent it.

    Bars with ``start <= open time < end`` are traded. ``strategy`` is a body of the registry (see
    ``openoutcry.strategy.definition``) of that ``kind`` and ``content_hash``, whose config ``execution_config`` replaces.
    """

    shape: Shape
    kind: Literal["rules", "code"]
    strategy: dict[str, Any]
    name: str
    version: str
    strategy_id: UUID | None
    content_hash: str
    exchange: str
    symbols: tuple[str, ...] = Field(min_length=1)
    timeframe: str
    start: datetime
    end: datetime
    capital: float
    leverage: float
    execution_config: ExecutionConfig
    costs: Costs
    fills: FillModel
    seed: int
    strict: bool
    asked: dict[str, Any]

    @property
    def venue(self) -> str:
        """The exchange whose candles are read."""
        return venue_of(self.exchange)

    def stored(self) -> dict[str, Any]:
        """As a job's row keeps it."""
        return self.model_dump(mode="json")

    @classmethod
    def restored(cls, row: Mapping[str, Any]) -> "BacktestRequest":
        """Of what ``stored`` gave."""
        return cls.model_validate_json(json.dumps(row))
