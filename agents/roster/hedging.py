"""Hedging: how much of the spot position to cover with the perpetual of the same pair.

The ratio is that of ``openoutcry/hedging/target.py``: half of it answers how wild the market is (volatility of 48
bars over that of 240), half how far it has fallen below its average (ATR below the 50-bar EMA), and what the short
costs in funding and discount takes its share away. Without a spot position the ratio is 0 and nothing else is asked;
without a perpetual the agent abstains. Unknown funding counts as free, and is said. Confidence is 0.5 + 0.5 x need; 1
when there is nothing to hedge.
"""

from agents.declare import agent
from agents.facts import Indicators, number, optional
from agents.speech import share
from agents.together import together
from openoutcry.errors import DataUnavailable
from openoutcry.hedging.costs import carry_cost
from openoutcry.hedging.target import depth_below, hedge_target
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import unusual
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You hedge the spot position with the perpetual of the same pair. From net exposure, volatility, "
    "trend and funding cost, say HEDGE with a hedge_ratio from 0 to 1. "
    "Cite the result ids of the numbers you use."
)
NAMES = ("realized_vol:48", "realized_vol:240", "ema:50", "atr:14")


@agent(
    "hedging",
    voice="hedging",
    tools=("risk.analyze_hedge", "market.get_basis", "indicators.indicator_snapshot"),
    description="Covers the spot position with the perpetual when storm and fall outweigh its cost.",
)
async def hedging(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    symbol, timeframe = snapshot.symbol, snapshot.timeframe
    if snapshot.hedge_symbol is None:
        raise DataUnavailable(f"no perpetual is traded beside {symbol}")
    book = await tools.call("risk.analyze_hedge", symbol=symbol, timeframe=timeframe)
    if number(book, "spot_value") <= 0:
        return await model.answer(Question("hedging", BRIEF, snapshot, (book,), lambda: flat(snapshot, book)))
    basis, market = await together(
        tools.call("market.get_basis", symbol=symbol, timeframe=timeframe),
        tools.call("indicators.indicator_snapshot", symbol=symbol, timeframe=timeframe, names=list(NAMES)),
    )
    facts = (book, basis, market)
    return await model.answer(Question("hedging", BRIEF, snapshot, facts, lambda: judge(snapshot, *facts)))


def flat(snapshot: Snapshot, book: ToolUse) -> Vote:
    """Nothing to hedge."""
    return _vote(snapshot, 0.0, 1.0, f"no spot position to hedge [{book.result_id}]", book)


def judge(snapshot: Snapshot, book: ToolUse, basis: ToolUse, market: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    seen = Indicators(market)
    funding, held = optional(basis, "funding_rate"), number(book, "hedge_ratio")
    cost = carry_cost(funding, number(basis, "basis_pct")).burden
    wanted = hedge_target(
        volatility_ratio=unusual(seen.now("realized_vol:48"), seen.now("realized_vol:240")),
        depth_atr=depth_below(seen.now("ema:50"), seen.close, seen.now("atr:14")),
        burden_pct=cost,
        held=held,
    )
    reason = (
        f"hedge ratio {wanted.ratio:.2f}, now {held:.2f}, "
        f"net exposure {number(book, 'net_exposure'):.2f} [{book.result_id}]; "
        f"volatility stress {wanted.volatility_stress:.0%}, trend stress {wanted.trend_stress:.0%} "
        f"[{market.result_id}]; the short costs "
        f"{cost:.3f} %{'' if funding is not None else ', funding unknown'} [{basis.result_id}]"
    )
    return _vote(snapshot, wanted.ratio, 0.5 + 0.5 * wanted.need, reason, book, basis, market)


def _vote(snapshot: Snapshot, ratio: float, confidence: float, reasoning: str, *facts: ToolUse) -> Vote:
    return Vote(
        agent="hedging",
        symbol=snapshot.symbol,
        action="HEDGE",
        confidence=share(confidence),
        reasoning=reasoning,
        evidence=tuple(fact.result_id for fact in facts),
        hedge_ratio=share(ratio),
    )
