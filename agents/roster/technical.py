"""Technical: momentum in the direction of the averages, and caution at the extremes.

Four readings in [-1, 1], positive for a rise, weighed into one score:

    stack      0.30   EMA 20 > 50 > 200 is +1, 20 < 50 < 200 is -1; otherwise half the sign of 20 against 50
    macd       0.30   histogram / (0.3 ATR), clamped
    rsi        0.20   (RSI - 50) / 20 from 30 to 70; beyond that it turns: oversold +1, overbought -1
    bollinger  0.20   below the lower band +1, above the upper -1, between the bands 0

A bar on more than 1.5 x the average volume confirms (x 1.15) or denies (x 0.85) the score by its direction.
BUY at +0.50 or more, SELL at -0.50 or less. Confidence is 0.2 + 0.8 |score|; a HOLD is surest at score 0.
Stops lie 4 ATR from the price, targets 10 ATR; the thesis is meant for 24 bars.
"""

from agents.declare import agent
from agents.facts import Indicators, clamp, quote
from agents.speech import brackets, call, share
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.types.market import Quote, Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You are a technical analyst. Read RSI, MACD, Bollinger bands, the EMA stack and volume, "
    "and say BUY, SELL or HOLD. Cite the result ids of the numbers you use."
)
NAMES = ("rsi:14", "macd:12,26,9", "bbands:20,2", "ema:20", "ema:50", "ema:200", "atr:14", "volume_sma:20")
BAR = 0.50


@agent(
    "technical",
    tools=("indicators.indicator_snapshot",),
    description="RSI, MACD, Bollinger bands, EMA stack and volume: momentum, with caution at the extremes.",
)
async def technical(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    use = await tools.call(
        "indicators.indicator_snapshot",
        symbol=snapshot.symbol,
        timeframe=snapshot.timeframe,
        names=list(NAMES),
    )
    return await model.answer(Question("technical", BRIEF, snapshot, (use,), lambda: judge(snapshot, use)))


def judge(snapshot: Snapshot, use: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    seen = Indicators(use)
    price, atr = seen.close, seen.now("atr:14")
    readings = {
        "stack": stack(seen.now("ema:20"), seen.now("ema:50"), seen.now("ema:200")),
        "macd": clamp(seen.now("macd:12,26,9", "hist") / (0.3 * atr)) if atr > 0 else 0.0,
        "rsi": rsi(seen.now("rsi:14")),
        "bollinger": bollinger(seen.now("bbands:20,2", "percent_b")),
    }
    weights = {"stack": 0.30, "macd": 0.30, "rsi": 0.20, "bollinger": 0.20}
    volume = confirmation(quote(snapshot), seen.now("volume_sma:20"))
    score = sum(weights[name] * value for name, value in readings.items())
    score = clamp(score * (1.0 + 0.15 * volume * (1.0 if score >= 0 else -1.0)))
    action = call(score, BAR)
    stop, target = brackets(action, price, 4.0 * atr, 10.0 * atr)
    return Vote(
        agent="technical",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(0.5 * (1.0 - abs(score) / BAR) if action == "HOLD" else 0.2 + 0.8 * abs(score)),
        reasoning=(
            f"score {score:+.2f} [{use.result_id}]: EMA stack {readings['stack']:+.1f}, "
            f"MACD histogram {seen.now('macd:12,26,9', 'hist'):.4g} ({readings['macd']:+.2f}), "
            f"RSI {seen.now('rsi:14'):.1f} ({readings['rsi']:+.2f}), "
            f"%B {seen.now('bbands:20,2', 'percent_b'):.2f} ({readings['bollinger']:+.1f}), "
            f"volume {volume:+d}"
        ),
        evidence=(use.result_id,),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=24,
    )


def stack(fast: float, middle: float, slow: float) -> float:
    """+1 for averages in rising order, -1 in falling order, else half the sign of fast against middle."""
    if fast > middle > slow:
        return 1.0
    if fast < middle < slow:
        return -1.0
    return 0.5 if fast > middle else -0.5 if fast < middle else 0.0


def rsi(value: float) -> float:
    """Momentum between 30 and 70, a turn beyond."""
    if value >= 70.0:
        return -1.0
    return 1.0 if value <= 30.0 else (value - 50.0) / 20.0


def bollinger(percent_b: float) -> float:
    """+1 below the lower band, -1 above the upper."""
    return 1.0 if percent_b < 0.0 else -1.0 if percent_b > 1.0 else 0.0


def confirmation(last: Quote, average_volume: float) -> int:
    """The direction of a bar on heavy volume: +1, -1, or 0 when volume says nothing."""
    if float(last.bar.volume) <= 1.5 * average_volume:
        return 0
    return (last.bar.close > last.bar.open) - (last.bar.close < last.bar.open)
