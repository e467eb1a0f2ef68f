"""Trend: go with a move that is strong, and trail it.

Four readings in [-1, 1], positive for a rise, weighed into one score:

    averages    0.30   (SMA 50 - SMA 200) / (2 ATR), clamped
    direction   0.20   (+DI - -DI) / 20, clamped
    breakout    0.25   close above the 55-bar Donchian channel +1, below -1; inside, its place within, halved
    supertrend  0.25   the side SuperTrend(10, 3) is on

ADX says how much of it to believe: strength is 0 at 15, 1 at 30. The score x (0.5 + 0.5 strength) is BUY at
+0.55 or more, SELL at -0.55 or less. Confidence is 0.35 + 0.6 |score|; a HOLD is surest at score 0.
The stop trails at the SuperTrend line, held between 3 and 6 ATR from the price; the target lies 12 ATR away;
the thesis is meant for 72 bars.
"""

from agents.declare import agent
from agents.facts import Indicators, clamp
from agents.speech import brackets, call, share
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import ramp
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You are a trend follower. Read ADX, the moving averages, the Donchian channel and SuperTrend, "
    "and say BUY, SELL or HOLD with a trailing stop. Cite the result ids of the numbers you use."
)
NAMES = ("adx:14", "sma:50", "sma:200", "donchian:55", "supertrend:10,3", "atr:14")
BAR = 0.55


@agent(
    "trend",
    tools=("indicators.indicator_snapshot",),
    description="ADX, moving averages, Donchian and SuperTrend: goes with strong moves, trails its stop.",
)
async def trend(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    use = await tools.call(
        "indicators.indicator_snapshot",
        symbol=snapshot.symbol,
        timeframe=snapshot.timeframe,
        names=list(NAMES),
    )
    return await model.answer(Question("trend", BRIEF, snapshot, (use,), lambda: judge(snapshot, use)))


def judge(snapshot: Snapshot, use: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    seen = Indicators(use)
    price, atr, adx = seen.close, seen.now("atr:14"), seen.now("adx:14", "adx")
    line, side = seen.now("supertrend:10,3"), seen.now("supertrend:10,3", "direction")
    readings = {
        "averages": clamp((seen.now("sma:50") - seen.now("sma:200")) / (2.0 * atr)) if atr > 0 else 0.0,
        "direction": clamp((seen.now("adx:14", "plus_di") - seen.now("adx:14", "minus_di")) / 20.0),
        "breakout": breakout(price, seen.now("donchian:55", "upper"), seen.now("donchian:55", "lower")),
        "supertrend": clamp(side),
    }
    weights = {"averages": 0.30, "direction": 0.20, "breakout": 0.25, "supertrend": 0.25}
    score = sum(weights[name] * value for name, value in readings.items()) * (
        0.5 + 0.5 * ramp(adx, 15.0, 30.0)
    )
    action = call(score, BAR)
    stop, target = brackets(action, price, min(max(abs(price - line), 3.0 * atr), 6.0 * atr), 12.0 * atr)
    return Vote(
        agent="trend",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(0.5 * (1.0 - abs(score) / BAR) if action == "HOLD" else 0.35 + 0.6 * abs(score)),
        reasoning=(
            f"score {score:+.2f} [{use.result_id}]: ADX {adx:.1f}, averages {readings['averages']:+.2f}, "
            f"DI {readings['direction']:+.2f}, channel {readings['breakout']:+.2f}, "
            f"SuperTrend {side:+.0f} at {line:.7g}"
        ),
        evidence=(use.result_id,),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=72,
    )


def breakout(price: float, upper: float, lower: float) -> float:
    """+1 above the channel, -1 below; inside, from -0.5 at its floor to +0.5 at its ceiling."""
    if price > upper:
        return 1.0
    if price < lower:
        return -1.0
    return (price - lower) / (upper - lower) - 0.5 if upper > lower else 0.0
