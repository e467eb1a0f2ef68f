"""Order book: goes with the side that holds more, and distrusts what only shows itself.

    lean     0.6 x the minute's mean imbalance + 0.4 x the one at the close; without a watched minute the latter alone
    doubt    the vanished share of the side it leans to (spoof-like levels), 0 at 0.2, 1 at 1.0
    spread   all of it up to 2 bps, nothing at 10 bps

The score is lean x (1 - doubt) x spread; BUY at +0.35 or more, SELL at -0.35 or less. Confidence is 0.2 + 0.6 |score|, and
at most 0.5 of a book that was not watched; a HOLD is surest at score 0. Stop 2 ATR, target 3 ATR, for 3 bars.
"""

from agents.declare import agent
from agents.facts import Indicators, number, optional
from agents.speech import brackets, call, share
from agents.together import together
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import ramp
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You read the order book: imbalance near the price, depth, spread, and large levels that appear and vanish without "
    "trading. Say BUY, SELL or HOLD for the next few bars. Cite the result ids of the numbers you use."
)
BAR = 0.35
UNWATCHED = 0.5


@agent(
    "order_book",
    tools=("market.get_book_pressure", "indicators.indicator_snapshot"),
    description="Imbalance, depth and spread near the price; distrusts levels that appear and vanish.",
    optional=True,
)
async def order_book(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    symbol = snapshot.symbol
    book, market = await together(
        tools.call("market.get_book_pressure", symbol=symbol),
        tools.call(
            "indicators.indicator_snapshot", symbol=symbol, timeframe=snapshot.timeframe, names=["atr:14"]
        ),
    )
    facts = (book, market)
    return await model.answer(Question("order_book", BRIEF, snapshot, facts, lambda: judge(snapshot, *facts)))


def judge(snapshot: Snapshot, book: ToolUse, market: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    seen = Indicators(market)
    now, mean, spread = (
        number(book, "imbalance"),
        optional(book, "imbalance_mean"),
        number(book, "spread_bps"),
    )
    lean = now if mean is None else 0.6 * mean + 0.4 * now
    vanished = optional(book, "vanished_bid" if lean > 0 else "vanished_ask") or 0.0
    doubt = ramp(vanished, 0.2, 1.0)
    score = lean * (1.0 - doubt) * (1.0 - ramp(spread, 2.0, 10.0))
    action, atr = call(score, BAR), seen.now("atr:14")
    sure = 0.5 * (1.0 - abs(score) / BAR) if action == "HOLD" else 0.2 + 0.6 * abs(score)
    stop, target = brackets(action, seen.close, 2.0 * atr, 3.0 * atr)
    return Vote(
        agent="order_book",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(sure if mean is not None else min(sure, UNWATCHED)),
        reasoning=(
            f"score {score:+.2f}: imbalance {now:+.2f}, {'not watched' if mean is None else f'a minute {mean:+.2f}'}, "
            f"vanished {vanished:.0%} of the side, spread {spread:.2f} bps [{book.result_id}]; ATR {atr:.4g} [{market.result_id}]"
        ),
        evidence=(book.result_id, market.result_id),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=3,
    )
