"""Mean reversion: a price far from its average comes back, unless a trend carries it.

Three readings in [-1, 1], positive where the price is low, weighed into one score:

    z-score     0.45   (SMA 20 - close) / (2.5 standard deviations), clamped
    bollinger   0.25   how far below the middle of the bands: (0.5 - %B) x 2, clamped
    rsi         0.30   (50 - RSI) / 25, clamped

ADX says how much of it to believe: all at 20, nothing at 40. BUY at +0.50 or more, SELL at -0.50 or less.
Confidence is 0.2 + 0.7 |score|; a HOLD is surest at score 0. The target is the average, at least 1 ATR away; the stop
lies 3 ATR from the price; the thesis is meant for 12 bars.
"""

from agents.declare import agent
from agents.facts import Indicators, clamp
from agents.speech import brackets, call, share
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import ramp
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You trade mean reversion. Read the distance of the price from its average in standard deviations, the Bollinger "
    "bands and RSI, be silent in strong trends (ADX), and say BUY, SELL or HOLD. Cite the result ids of the numbers you use."
)
NAMES = ("bbands:20,2", "rsi:14", "adx:14", "atr:14")
BAR = 0.50


@agent(
    "mean_reversion",
    tools=("indicators.indicator_snapshot",),
    description="z-score, Bollinger bands and RSI: fades what went too far, silent in strong trends.",
    optional=True,
)
async def mean_reversion(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    use = await tools.call(
        "indicators.indicator_snapshot",
        symbol=snapshot.symbol,
        timeframe=snapshot.timeframe,
        names=list(NAMES),
    )
    return await model.answer(
        Question("mean_reversion", BRIEF, snapshot, (use,), lambda: judge(snapshot, use))
    )


def judge(snapshot: Snapshot, use: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    seen = Indicators(use)
    price, atr, rsi, adx = seen.close, seen.now("atr:14"), seen.now("rsi:14"), seen.now("adx:14", "adx")
    middle, upper = seen.now("bbands:20,2", "middle"), seen.now("bbands:20,2", "upper")
    percent_b = seen.now("bbands:20,2", "percent_b")
    deviation = (upper - middle) / 2.0
    z = (price - middle) / deviation if deviation > 0 else 0.0
    calm = 1.0 - ramp(adx, 20.0, 40.0)
    score = calm * (
        0.45 * clamp(-z / 2.5) + 0.25 * clamp((0.5 - percent_b) * 2.0) + 0.30 * clamp((50.0 - rsi) / 25.0)
    )
    action = call(score, BAR)
    stop, target = brackets(action, price, 3.0 * atr, max(abs(price - middle), atr))
    return Vote(
        agent="mean_reversion",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(0.5 * (1.0 - abs(score) / BAR) if action == "HOLD" else 0.2 + 0.7 * abs(score)),
        reasoning=(
            f"score {score:+.2f} [{use.result_id}]: z {z:+.2f}, %B {percent_b:.2f}, RSI {rsi:.1f}, "
            f"ADX {adx:.1f} leaves {calm:.0%}"
        ),
        evidence=(use.result_id,),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=12,
    )
