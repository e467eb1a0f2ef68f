"""Risk: says how much of the wanted size the book can bear, or that it can bear none.

Four pressures, each 0 when calm and 1 at its limit:

    drawdown     what is used of max_drawdown
    daily loss   what is used of max_daily_loss
    exposure     what is used of max_gross_exposure
    volatility   realised volatility of 48 bars over that of 240 bars: 0 at 1.0, 1 at 2.5

The uses are the gate's own (``openoutcry/risk/limits.py``), told by the risk server.

VETO with confidence 1 when any is at 1 (a limit of zero always is). Otherwise the worst one shrinks the size:
nothing up to 0.5, then linearly down to 0.25 just below 1. APPROVE when nothing shrinks, with confidence
1 - worst / 2; else REDUCE with the size factor, and the worst pressure as confidence.
"""

from agents.declare import agent
from agents.facts import Indicators, number
from agents.speech import share
from agents.together import together
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.risk.pressure import ramp, unusual
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Action, ToolUse, Vote

BRIEF = (
    "You are the risk officer. From the portfolio's exposure, drawdown and daily loss and the market's "
    "volatility, say APPROVE, REDUCE with a size_factor, or VETO. You never raise size. "
    "Cite the result ids of the numbers you use."
)
NAMES = ("realized_vol:48", "realized_vol:240")
CALM, SMALLEST = 0.5, 0.25


@agent(
    "risk",
    voice="risk",
    tools=("risk.get_exposure", "indicators.indicator_snapshot"),
    description="Approves, shrinks or vetoes by drawdown, daily loss, exposure and volatility; never raises.",
)
async def risk(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
    symbol, timeframe = snapshot.symbol, snapshot.timeframe
    book, market = await together(
        tools.call("risk.get_exposure", symbol=symbol),
        tools.call("indicators.indicator_snapshot", symbol=symbol, timeframe=timeframe, names=list(NAMES)),
    )
    return await model.answer(
        Question("risk", BRIEF, snapshot, (book, market), lambda: judge(snapshot, book, market))
    )


def judge(snapshot: Snapshot, book: ToolUse, market: ToolUse) -> Vote:
    """The rules above. Raises DataUnavailable when a number is missing."""
    pressures = {
        "drawdown": number(book, "used", "max_drawdown"),
        "daily loss": number(book, "used", "max_daily_loss"),
        "exposure": number(book, "used", "max_gross_exposure"),
        "volatility": volatility(Indicators(market)),
    }
    measured = ", ".join(f"{name} {value:.0%}" for name, value in pressures.items())
    evidence = f"of their limits: {measured} [{book.result_id}, {market.result_id}]"
    broken = [name for name, value in pressures.items() if value >= 1.0]
    worst = max(pressures, key=lambda name: pressures[name])
    height = pressures[worst]
    factor = 0.0 if broken else share(1.0 - (1.0 - SMALLEST) * ramp(height, CALM, 1.0))
    action: Action
    if broken:
        action, confidence, why = "VETO", 1.0, f"{' and '.join(broken)} at the limit"
    elif factor < 1.0:
        action, confidence, why = "REDUCE", height, f"{worst} allows {factor:.0%} of the size"
    else:
        action, confidence, why = "APPROVE", 1.0 - height / 2.0, "nothing presses"
    return Vote(
        agent="risk",
        symbol=snapshot.symbol,
        action=action,
        confidence=share(confidence),
        reasoning=f"{why}; {evidence}",
        evidence=(book.result_id, market.result_id),
        size_factor=factor,
    )


def volatility(seen: Indicators) -> float:
    """How unusual the last 48 bars are against the last 240; 0 for a market that does not move at all."""
    recent, usual = (seen.now(name) for name in NAMES)
    return ramp(unusual(recent, usual), 1.0, 2.5)
