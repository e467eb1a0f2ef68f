"""Hedging: how much of the spot position to cover with the perpetual of the same pair.

    need    0.5 x volatility stress + 0.5 x trend stress
            volatility stress: realised volatility of 48 bars over that of 240 bars, 0 at 1.0, 1 at 2.0
            trend stress: how far the price lies below its 50-bar EMA, 0 at 0 ATR, 1 at 4 ATR
    cost    per cent a day that the short pays in funding, plus per cent that it sells below the spot:
            0 at 0.05, 1 at 0.50, and takes that share of the need away
    ratio   need x (1 - cost) in steps of 0.1; below 0.2 it is 0: too small to pay

A hedge in place within 0.15 of the ratio wanted is left as it is. Without a spot position the ratio is 0 and
nothing else is asked; without a perpetual the agent abstains. Unknown funding counts as free, and is said.
Confidence is 0.5 + 0.5 x need; 1 when there is nothing to hedge.
"""

from agents.declare import agent
from agents.facts import Indicators, number, optional, ramp
from agents.speech import share
from agents.together import together
from openoutcry.errors import DataUnavailable
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import ToolUse, Vote

BRIEF = (
    "You hedge the spot position with the perpetual of the same pair. From net exposure, volatility, "
    "trend and funding cost, say HEDGE with a hedge_ratio from 0 to 1. "
    "Cite the result ids of the numbers you use."
)
NAMES = ("realized_vol:48", "realized_vol:240", "ema:50", "atr:14")
SMALLEST, STEP, BAND, FUNDINGS_A_DAY = 0.2, 0.1, 0.15, 3


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
    storm, fall = volatility_stress(seen), trend_stress(seen)
    funding = optional(basis, "funding_rate")
    daily_cost = max(0.0, -(funding or 0.0) * 100.0 * FUNDINGS_A_DAY) + max(0.0, -number(basis, "basis_pct"))
    need = 0.5 * storm + 0.5 * fall
    wanted = round(need * (1.0 - ramp(daily_cost, 0.05, 0.50)) / STEP) * STEP
    held = number(book, "hedge_ratio")
    ratio = wanted if wanted >= SMALLEST else 0.0
    if held > 0 and wanted > 0 and abs(wanted - held) <= BAND:
        ratio = held
    reason = (
        f"hedge ratio {ratio:.2f}, now {held:.2f}, "
        f"net exposure {number(book, 'net_exposure'):.2f} [{book.result_id}]; "
        f"volatility stress {storm:.0%}, trend stress {fall:.0%} [{market.result_id}]; the short costs "
        f"{daily_cost:.3f} %{'' if funding is not None else ', funding unknown'} [{basis.result_id}]"
    )
    return _vote(snapshot, ratio, 0.5 + 0.5 * need, reason, book, basis, market)


def volatility_stress(seen: Indicators) -> float:
    """0 when the last 48 bars are as calm as the last 240, 1 when twice as wild."""
    recent, usual = seen.now("realized_vol:48"), seen.now("realized_vol:240")
    return ramp(recent / usual, 1.0, 2.0) if usual > 0 else 0.0


def trend_stress(seen: Indicators) -> float:
    """0 at or above the 50-bar EMA, 1 at four ATR below it."""
    below, atr = seen.now("ema:50") - seen.close, seen.now("atr:14")
    return ramp(below / atr, 0.0, 4.0) if atr > 0 else 0.0


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
