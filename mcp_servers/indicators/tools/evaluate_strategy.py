"""A whole strategy at the last closed bar."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from mcp_servers.indicators.answers import number
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.window import WINDOW, Window, stored
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.backtest.ranges import stop_atr
from openoutcry.backtest.series import Series
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.strategy.moment import RuleNow, at_moment, bars_needed
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.types.frozen import Frozen

DAY = "1d"
EXAMPLE: dict[str, Any] = {
    "name": "SMA cross",
    "asset": "BTC",
    "entry": [
        {
            "name": "sma_cross_up",
            "signal_type": "TRIGGER",
            "timeframe": "1h",
            "params": {"window_fast": 20, "window_slow": 50},
        },
        {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "4h", "params": {"window": 20}},
    ],
}


class RuleReading(Frozen):
    """One rule: whether it holds now, and why it cannot when it has seen too little."""

    part: Literal["entry", "exit"]
    name: str
    signal_type: Literal["TRIGGER", "FILTER"]
    timeframe: str
    holds: bool
    note: str | None = None


RuleReadings = Annotated[list[RuleReading], WithJsonSchema({"type": "array"})]


class StrategyReading(ToolResult):
    """``entry`` and ``exit``: every rule of that part holds. ``atr`` is the one behind its stops, null while unknown."""

    symbol: str
    timeframe: str
    close: float
    entry: bool
    exit: bool
    rules: RuleReadings
    atr: float | None


@tool(scope="ind:read", read_only=True)
async def evaluate_strategy(
    call: Call[IndicatorsDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    strategy: Annotated[
        dict[str, Any],
        Field(
            description="A rules strategy as its file has it: name, asset, entry, exit, execution_config",
            examples=[EXAMPLE],
        ),
    ],
) -> StrategyReading:
    """A strategy's rules at the last closed bar of a timeframe, each on the bars of its own, and the ATR of its stops."""
    asked = parse_strategy(strategy, call.deps.defaults)
    window = stored(call, symbol, timeframe)
    frames, stale = {window.timeframe: window.candles}, window.stale
    for own, bars in bars_needed(asked).items():
        if own != window.timeframe or bars > WINDOW:
            found = _closed(call, window.symbol, own, max(WINDOW, bars))
            frames[own], stale = (
                found.candles if found else Candles.empty(),
                stale or (found is not None and found.stale),
            )
    now = at_moment(asked, frames, window.timeframe)
    return StrategyReading(
        as_of=call.as_of,
        source=call.source,
        stale=stale,
        symbol=window.symbol,
        timeframe=window.timeframe,
        close=float(window.columns["close"][-1]),
        entry=now.entry,
        exit=now.exit,
        rules=[_reading(one) for one in now.rules],
        atr=_atr(call, asked, frames[asked.timeframe], window.symbol),
    )


def _closed(call: Call[IndicatorsDeps], symbol: str, timeframe: str, bars: int) -> Window | None:
    """The closed bars of a timeframe; None before the first has closed."""
    try:
        return stored(call, symbol, timeframe, bars=bars)
    except DataUnavailable:
        return None


def _reading(now: RuleNow) -> RuleReading:
    few = f"too little history: needs {now.needs} bars, there are {now.bars}"
    return RuleReading(
        part=now.part,
        name=now.rule.name,
        signal_type=now.rule.signal_type,
        timeframe=now.rule.timeframe,
        holds=now.holds,
        note=few if now.bars < now.needs else None,
    )


def _atr(call: Call[IndicatorsDeps], strategy: RuleStrategy, candles: Candles, symbol: str) -> float | None:
    """The ATR that a backtest would set the stop by at this bar."""
    config = strategy.execution_config
    if config.stop_loss_calculation != "dynamic_atr" or len(candles) < 2:
        return None
    days = _closed(call, symbol, DAY, WINDOW) if config.atr_long_weight else None
    daily = Series.of(days.candles, DAY) if days is not None and len(days) > 1 else None
    return number(stop_atr(Series.of(candles, strategy.timeframe), daily, config), -1)
