"""A strategy of the registry as an agent: its rules, asked of the indicators server at each round's close.

    entry rules hold                    BUY, or SELL for the short side; confidence 0.8
    exit rules hold, and it is held     the other way, confidence 0.8: the floor closes what it holds
    otherwise                           HOLD with confidence 0.1: it waits, and says which rules do not hold

An exit goes before an entry while a position of the strategy's side is held, as in a backtest; when nothing is held it
means nothing. The entry carries the stop and target of the execution config around the close, and as its horizon the
longest time a position may be held. What a strategy limits beyond that (trades a day, cooldown, size) is the floor's
own to limit: one floor, one book. A short strategy is asked about the perpetual where the session has one.
"""

from decimal import Decimal
from functools import partial
from typing import Any

from agents.declare import Agent
from agents.facts import number
from agents.speech import Call, brackets
from openoutcry.errors import DataUnavailable
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.market import Snapshot
from openoutcry.types.timeframes import SECONDS
from openoutcry.types.votes import ToolUse, Vote

RULES, BOOK = "indicators.evaluate_strategy", "risk.get_exposure"
TOOLS = (RULES, BOOK)
SURE, WAITING = 0.8, 0.1
LONGEST = 10_000
HOUR_S = 3600
BRIEF = (
    "You follow a trading strategy to the letter: its entry and exit rules, as they hold at this bar. "
    "Say BUY, SELL or HOLD, and cite the result ids of what you rely on."
)
STOP_FIELDS = (
    *("stop_loss_calculation", "position_size_calc", "atr_period", "atr_volatility_factor"),
    *("atr_short_weight", "atr_long_weight", "atr_cap_multiplier"),
)


def strategist(seat: StrategySeat, defaults: TradingDefaults) -> Agent:
    """The agent of a seat. Raises BadStrategy when its definition cannot be read."""
    strategy = parse_strategy(seat.definition, defaults)
    return Agent(
        name=seat.agent,
        voice="analysis",
        tools=TOOLS,
        description=f"The strategy {seat.name} {seat.version}. {strategy.description}".strip(),
        think=partial(_think, seat.agent, strategy),
        source=f"strategy {seat.name} {seat.version}",
    )


async def _think(
    name: str, strategy: RuleStrategy, snapshot: Snapshot, tools: Toolbox, model: Model
) -> Reply:
    rules = await tools.call(
        RULES,
        symbol=subject(strategy, snapshot),
        timeframe=snapshot.timeframe,
        strategy=asked(strategy),
    )
    facts: tuple[ToolUse, ...] = (rules,)
    if rules.result.get("exit") is True:
        facts = (rules, await tools.call(BOOK, symbol=snapshot.symbol))
    return await model.answer(
        Question(name, BRIEF, snapshot, facts, lambda: judge(name, strategy, snapshot, facts))
    )


def subject(strategy: RuleStrategy, snapshot: Snapshot) -> str:
    """The instrument its rules are asked about: its own where the session has it, else the session's first."""
    own = str(strategy.symbol)
    return own if own in (snapshot.symbol, snapshot.hedge_symbol) else snapshot.symbol


def asked(strategy: RuleStrategy) -> dict[str, Any]:
    """As much of a strategy as its evaluation needs; it goes into each round's record."""
    config = strategy.execution_config.model_dump(mode="json")
    return {
        **strategy.rules(),
        "execution_config": {
            "reward_factor": strategy.reward_factor,
            **{name: config[name] for name in STOP_FIELDS},
        },
    }


def judge(name: str, strategy: RuleStrategy, snapshot: Snapshot, facts: tuple[ToolUse, ...]) -> Vote:
    """The mapping above. Raises DataUnavailable when a number it needs is missing."""
    rules = facts[0]
    entering, leaving = (_flag(rules, part) for part in ("entry", "exit"))
    enter: Call = "BUY" if strategy.side == "long" else "SELL"
    leave: Call = "SELL" if strategy.side == "long" else "BUY"
    action: Call = "HOLD"
    if leaving and _held(strategy, facts[1]):
        action = leave
    elif entering:
        action = enter
    entry = action == enter
    stop, target = _levels(strategy, rules, action) if entry else (None, None)
    return Vote(
        agent=name,
        symbol=snapshot.symbol,
        action=action,
        confidence=WAITING if action == "HOLD" else SURE,
        reasoning=_words(strategy, rules, action, entry),
        evidence=tuple(use.result_id for use in facts),
        stop_loss=stop,
        take_profit=target,
        horizon_bars=_horizon(strategy, snapshot),
    )


def _flag(use: ToolUse, part: str) -> bool:
    value = use.result.get(part)
    if not isinstance(value, bool):
        raise DataUnavailable(f"{use.tool} has no {part}")
    return value


def _held(strategy: RuleStrategy, book: ToolUse) -> bool:
    """Whether the session holds the strategy's side: spot for a long one, short on balance for a short one."""
    spot, perp = number(book, "spot_value"), number(book, "perp_value")
    return spot + max(perp, 0.0) > 0 if strategy.side == "long" else spot + perp < 0


def _levels(strategy: RuleStrategy, rules: ToolUse, action: Call) -> tuple[Decimal | None, Decimal | None]:
    config, close = strategy.execution_config, number(rules, "close")
    if config.stop_loss_calculation == "none":
        return None, None
    if config.stop_loss_calculation == "fixed":
        gap = close * config.stop_loss_pct
    else:
        gap = number(rules, "atr") * config.atr_volatility_factor
    return brackets(action, close, gap, gap * strategy.reward_factor)


def _horizon(strategy: RuleStrategy, snapshot: Snapshot) -> int:
    """The longest a position is held, in the round's bars."""
    config = strategy.execution_config
    seconds = config.max_hold_bars * SECONDS[strategy.timeframe]
    if config.max_hold_time_hours is not None:
        seconds = min(seconds, int(config.max_hold_time_hours * HOUR_S))
    return max(1, min(LONGEST, seconds // SECONDS[snapshot.timeframe]))


def _words(strategy: RuleStrategy, rules: ToolUse, action: Call, entry: bool) -> str:
    said: dict[str, list[str]] = {"entry": [], "exit": []}
    for one in rules.result.get("rules", ()):
        state = "holds" if one["holds"] else one["note"] or "does not hold"
        said[one["part"]].append(f"{one['name']} on {one['timeframe']} {state}")
    why = "waits" if action == "HOLD" else "enters" if entry else "leaves"
    leave = f"; exit: {', '.join(said['exit'])}" if said["exit"] else ""
    return f"{strategy.side} {why} [{rules.result_id}]: entry: {', '.join(said['entry'])}{leave}"[:4000]
