"""A floor for one agent: a snapshot, and tools that answer in the shape of the catalogue."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from agents.declare import Agent
from agents.llm.rules import RulesMind
from openoutcry.canonical import digest
from openoutcry.errors import DataUnavailable, NotAuthorised
from openoutcry.types.market import Bar, Quote, Snapshot
from openoutcry.types.votes import ToolUse, Vote

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
PRICE = 100.0
Answer = Callable[[Mapping[str, Any]], dict[str, Any]]

OUTPUTS: dict[str, dict[str, float]] = {
    "rsi": {"value": 55.0},
    "macd": {"macd": 0.5, "signal": 0.4, "hist": 0.1},
    "bbands": {"upper": 104.0, "middle": 100.0, "lower": 96.0, "percent_b": 0.5, "width": 0.08},
    "atr": {"value": 1.0},
    "adx": {"adx": 22.0, "plus_di": 24.0, "minus_di": 18.0},
    "donchian": {"upper": 105.0, "lower": 95.0, "middle": 100.0},
    "supertrend": {"value": 97.0, "direction": 1.0},
    "volume_sma": {"value": 10.0},
    "realized_vol": {"value": 0.004},
}


def quote(symbol: str, *, opened: str = "99.5", close: str = "100", volume: str = "8") -> Quote:
    """A quote whose last bar went from ``opened`` to ``close``."""
    first, last = Decimal(opened), Decimal(close)
    bar = Bar(
        opened_at=datetime(2023, 5, 1, 11, tzinfo=UTC),
        open=first,
        high=max(first, last),
        low=min(first, last),
        close=last,
        volume=Decimal(volume),
    )
    return Quote(symbol=symbol, price=last, bar=bar)


def snapshot(*, perp: bool = True, **quoted: str) -> Snapshot:
    """A healthy snapshot; ``quoted`` goes to the spot quote."""
    return Snapshot(
        symbol=SPOT,
        hedge_symbol=PERP if perp else None,
        timeframe="1h",
        seq=3,
        as_of=datetime(2023, 5, 1, 12, tzinfo=UTC),
        source="recorded",
        quote=quote(SPOT, **quoted),
        hedge=quote(PERP) if perp else None,
        data_digest="d",
    )


def indicators(arguments: Mapping[str, Any], **changed: Mapping[str, float | None]) -> dict[str, Any]:
    """``indicators.indicator_snapshot``: calm values for any name, ``changed`` by kind or full name."""

    def values() -> dict[str, Any]:
        kinds = {name: name.partition(":")[0] for name in arguments["names"]}
        return {
            name: {**OUTPUTS.get(kind, {"value": PRICE}), **changed.get(kind, {}), **changed.get(name, {})}
            for name, kind in kinds.items()
        }

    return {"bars": 300, "close": PRICE, "values": values(), "previous": values()}


def exposure(_: Mapping[str, Any]) -> dict[str, Any]:
    """``risk.get_exposure`` of a calm book."""
    limits = {
        "max_position_size": 0.2,
        "max_gross_exposure": 1.0,
        "max_daily_loss": 0.05,
        "max_drawdown": 0.15,
        "max_positions": 3,
    }
    return {
        "equity": "10000",
        "cash": "9000",
        "price": "100",
        "gross_exposure": 0.1,
        "net_exposure": 0.1,
        "spot_value": "1000",
        "perp_value": "0",
        "hedge_ratio": 0.0,
        "drawdown": 0.01,
        "daily_loss": 0.0,
        "open_positions": 1,
        "limits": limits,
        "used": {
            "max_position_size": 0.5,
            "max_gross_exposure": 0.1,
            "max_daily_loss": 0.0,
            "max_drawdown": 0.01 / 0.15,
            "max_positions": 1 / 3,
        },
    }


def hedge(_: Mapping[str, Any]) -> dict[str, Any]:
    """``risk.analyze_hedge`` of an unhedged long."""
    return {
        "net_exposure": 0.1,
        "spot_value": "1000",
        "perp_value": "0",
        "hedge_ratio": 0.0,
        "volatility": 0.004,
        "correlation": 0.99,
        "target_hedge_ratio": 0.3,
        "adjustments": [],
        "commentary": "unhedged",
        "funding_cost_daily_pct": 0.0,
    }


def basis(_: Mapping[str, Any]) -> dict[str, Any]:
    """``market.get_basis`` at parity."""
    return {
        "spot_symbol": SPOT,
        "perp_symbol": PERP,
        "spot_price": "100",
        "perp_price": "100.02",
        "basis_pct": 0.02,
        "funding_rate": 0.0001,
        "funding_annual_pct": 10.95,
    }


def pressure(_: Mapping[str, Any]) -> dict[str, Any]:
    """``market.get_book_pressure`` of a watched, even book."""
    return {
        "symbol": SPOT,
        "spread_bps": 0.5,
        "imbalance": 0.1,
        "bid_depth": 11.0,
        "ask_depth": 9.0,
        "imbalance_mean": 0.05,
        "vanished_bid": 0.1,
        "vanished_ask": 0.1,
        "watched_s": 59.0,
    }


def headlines(_: Mapping[str, Any]) -> dict[str, Any]:
    """``news.get_headlines`` with one good headline."""
    one = {
        "published_at": "2023-05-01T10:00:00Z",
        "feed": "wire",
        "hash": "a1",
        "text": {"untrusted_data": True, "title": "Bitcoin gains", "body": ""},
        "reading": {"sentiment": 0.5, "relevance": 1.0, "entities": ["BTC"]},
    }
    return {"symbol": SPOT, "headlines": [one], "found": 1, "mood": 0.5, "weight": 1.0}


def greed(_: Mapping[str, Any]) -> dict[str, Any]:
    """``news.get_fear_greed``, nobody excited."""
    return {"value": 50, "classification": "neutral", "since": "2023-05-01T00:00:00Z"}


CATALOGUE: dict[str, Answer] = {
    "indicators.indicator_snapshot": indicators,
    "risk.get_exposure": exposure,
    "risk.analyze_hedge": hedge,
    "market.get_basis": basis,
    "market.get_book_pressure": pressure,
    "news.get_headlines": headlines,
    "news.get_fear_greed": greed,
}


class FakeToolbox:
    """Answers from the catalogue, or as ``answers`` says; an agent may call only what it declared."""

    def __init__(self, agent: Agent, answers: Mapping[str, Answer] | None = None) -> None:
        self._allowed = agent.tools
        self._answers = {**CATALOGUE, **(answers or {})}
        self._uses: list[ToolUse] = []

    @property
    def uses(self) -> tuple[ToolUse, ...]:
        return tuple(self._uses)

    async def call(self, tool: str, /, **arguments: Any) -> ToolUse:
        if tool not in self._allowed:
            raise NotAuthorised(f"{tool} was not declared")
        if tool not in self._answers:
            raise DataUnavailable(f"{tool} is not in this catalogue")
        made = use(tool, self._answers[tool](arguments), arguments)
        self._uses.append(made)
        return made


def use(tool: str, content: Mapping[str, Any], arguments: Mapping[str, Any] | None = None) -> ToolUse:
    """A tool's answer with its id, as a server would give it."""
    asked = dict(arguments or {})
    body = {**content, "as_of": "2023-05-01T12:00:00Z", "source": "recorded", "stale": False}
    result_id = digest([tool, asked, body])[:24]
    return ToolUse(result_id=result_id, tool=tool, arguments=asked, result={**body, "result_id": result_id})


def seen(names: tuple[str, ...], **changed: Mapping[str, float | None]) -> ToolUse:
    """An indicator snapshot of ``names``."""
    return use("indicators.indicator_snapshot", indicators({"names": names}, **changed))


async def heard(agent: Agent, view: Snapshot, answers: Mapping[str, Answer] | None = None) -> Vote:
    """What the agent's rules say."""
    reply = await agent.think(view, FakeToolbox(agent, answers), RulesMind())
    assert isinstance(reply.answer, Vote), reply.answer
    return reply.answer
