"""The bodies clients send for a backtest: TradAI's and Mangrove's, with what we add to both. Nulls count as absent."""

from typing import Annotated, Any, Literal

from pydantic import Field

from openoutcry.backtest.fills import FillModel
from openoutcry.strategy.strict import Strict

MOST_SYMBOLS = 20
Text = Annotated[str, Field(min_length=1, max_length=100)]
Number = Annotated[float, Field(ge=-1e15, le=1e15)]
Money = Annotated[float, Field(gt=0, le=1e15)]
Costly = Annotated[float, Field(ge=0.0, le=0.5)]
Symbols = Annotated[list[Text], Field(min_length=1, max_length=MOST_SYMBOLS)]


class Ours(Strict):
    """What either body may carry."""

    exchange: Text | None = None
    symbols: Symbols | None = None
    leverage: Annotated[float, Field(ge=1.0, le=125.0)] | None = None
    fee_pct: Costly | None = None
    slippage_pct: Costly | None = None
    execution_config: dict[str, Any] | None = None
    fills: FillModel | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    strict: bool | None = None


class StrategyConfig(Strict):
    """A strategy of the registry, or a shipped one. ``version`` is a number, ``latest`` or a stage."""

    name: Text
    version: Text | None = None
    parameters: dict[str, Any] | None = None


class DateRange(Strict):
    """ISO 8601, UTC unless they say otherwise."""

    start: Text
    end: Text


class TradaiBody(Ours):
    """``POST /api/v1/backtests`` of seed 002."""

    strategy_config: StrategyConfig
    date_range: DateRange
    timeframe: Text | None = None
    capital: Money | None = None
    stake_amount: Money | None = None
    """Every entry is worth this much, as far as the cash goes; no size by risk."""
    stoploss: Annotated[float, Field(gt=-1.0, lt=0.0)] | None = None
    """Distance of a fixed stop, as a negative fraction of the entry."""
    strategy_version: Text | None = None
    config_version_id: Text | None = None


class MangroveBody(Ours):
    """``POST /api/v1/backtests`` of seed 003. Execution fields may stand beside these; ``strategy_json`` has been decoded."""

    strategy_json: dict[str, Any] | None = None
    strategy_id: Text | None = None
    asset: Text | None = None
    interval: Text | None = None
    start: Text | None = None
    start_date: Text | None = None
    end: Text | None = None
    end_date: Text | None = None
    lookback_months: int | None = None
    data_source: Literal["api", "file"] | None = None
    """Both are the candle store here: what an exchange has is brought there by ``outcry data sync``."""
