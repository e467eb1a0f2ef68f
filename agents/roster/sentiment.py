"""Sentiment: goes with what the news says, and against the crowd at its extremes.

    news          0.7 x the relevance-weighted mood of the headlines x how much there is of it (a weight of 3 is enough)
    fear & greed  0.3 x (+1 at 10 or less, 0 from 25 to 75, -1 at 90 or more, straight between); 0 where there is none

BUY at +0.25 or more, SELL at -0.25 or less. Confidence is 0.2 + 0.5 |score|, for news is late and loud; a HOLD is surest
at score 0. Stop 3 ATR, target 6 ATR, for 24 bars. With neither headlines nor an index it has no opinion.

A language model in its place votes on typed readings: the texts themselves are read in quarantine (agents/llm/quarantine.py).
"""

from agents.declare import agent
from agents.facts import Indicators, number, optional
from agents.speech import brackets, call, share
from agents.together import together
from openoutcry.errors import DataUnavailable
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import ramp
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You judge the mood of the market from typed readings of the news (sentiment, relevance, entities) and the fear & greed "
    "index, and say BUY, SELL or HOLD. You never see the texts. Cite the result ids of the numbers you use."
)
BAR = 0.25
ENOUGH = 3.0


@agent(
    "sentiment",
    tools=("news.get_headlines", "news.get_fear_greed", "indicators.indicator_snapshot"),
    description="News, read in quarantine into typed sentiment, and fear & greed against its extremes.",
    optional=True,
)
async def sentiment(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    symbol = snapshot.symbol
    news, index, market = await together(
        tools.call("news.get_headlines", symbol=symbol),
        tools.call("news.get_fear_greed", symbol=symbol),
        tools.call(
            "indicators.indicator_snapshot", symbol=symbol, timeframe=snapshot.timeframe, names=["atr:14"]
        ),
    )
    facts = (news, index, market)
    return await model.answer(
        Question("sentiment", BRIEF, snapshot, facts, lambda: judge(snapshot, *facts), texts=texts(news))
    )


def texts(news: ToolUse) -> dict[str, str]:
    """The texts by hash, for whoever reads them in quarantine."""
    listed = news.result.get("headlines") or ()
    return {one["hash"]: f"{one['text']['title']}\n{one['text']['body']}".strip() for one in listed}


def judge(snapshot: Snapshot, news: ToolUse, index: ToolUse, market: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    mood, greed, weight = optional(news, "mood"), optional(index, "value"), number(news, "weight")
    if mood is None and greed is None:
        raise DataUnavailable("news.get_headlines has no mood, and there is no fear & greed value")
    said = (mood or 0.0) * min(1.0, weight / ENOUGH)
    crowd = 0.0 if greed is None else ramp(25.0 - greed, 0.0, 15.0) - ramp(greed - 75.0, 0.0, 15.0)
    score = 0.7 * said + 0.3 * crowd
    seen = Indicators(market)
    action, atr = call(score, BAR), seen.now("atr:14")
    stop, target = brackets(action, seen.close, 3.0 * atr, 6.0 * atr)
    return Vote(
        agent="sentiment",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(0.5 * (1.0 - abs(score) / BAR) if action == "HOLD" else 0.2 + 0.5 * abs(score)),
        reasoning=(
            f"score {score:+.2f}: mood {'unknown' if mood is None else format(mood, '+.2f')} on a weight of {weight:.1f} "
            f"[{news.result_id}], fear & greed {'unknown' if greed is None else format(greed, '.0f')} [{index.result_id}]; "
            f"ATR {atr:.4g} [{market.result_id}]"
        ),
        evidence=tuple(use.result_id for use in (news, index, market)),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=24,
    )
