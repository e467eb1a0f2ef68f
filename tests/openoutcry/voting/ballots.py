"""Makers of snapshots, seats and ballots for the voting tests."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from openoutcry.settings import HedgingSettings, Settings, TradingSettings, VotingSettings
from openoutcry.types.market import Bar, DataFault, Quote, Snapshot
from openoutcry.types.votes import Abstain, Ballot, Vote
from openoutcry.voting.seats import Seat

AS_OF = datetime(2023, 5, 1, 12, tzinfo=UTC)
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
SEATS = (
    Seat(agent="hedging", voice="hedging"),
    Seat(agent="risk", voice="risk"),
    Seat(agent="technical", weight=1.0),
    Seat(agent="trend", weight=1.2),
)


def quote(symbol: str, price: str = "100") -> Quote:
    at = Decimal(price)
    bar = Bar(
        opened_at=datetime(2023, 5, 1, 11, tzinfo=UTC), open=at, high=at, low=at, close=at, volume=Decimal(3)
    )
    return Quote(symbol=symbol, price=at, bar=bar)


def snapshot(*, perp: bool = True, faults: tuple[DataFault, ...] = (), priced: bool = True) -> Snapshot:
    return Snapshot(
        symbol=SPOT,
        hedge_symbol=PERP if perp else None,
        timeframe="1h",
        seq=7,
        as_of=AS_OF,
        source="recorded",
        quote=quote(SPOT) if priced else None,
        hedge=quote(PERP) if perp else None,
        faults=faults,
        data_digest="d",
    )


def vote(agent: str, action: str, confidence: float = 0.8, **fields: Any) -> Ballot:
    given: dict[str, Any] = {"agent": agent, "symbol": SPOT, "reasoning": f"{agent} says {action}", **fields}
    return Ballot(
        agent=agent, answer=Vote.model_validate({**given, "action": action, "confidence": confidence})
    )


def silence(agent: str, reason: str = "deadline") -> Ballot:
    return Ballot(
        agent=agent, answer=Abstain.model_validate({"agent": agent, "symbol": SPOT, "reason": reason})
    )


def settings(
    *, voting: dict[str, Any] | None = None, allow_short: bool = True, hedging: dict[str, Any] | None = None
) -> Settings:
    return Settings(
        trading=TradingSettings(allow_short=allow_short),
        voting=VotingSettings.model_validate(voting or {}),
        hedging=HedgingSettings.model_validate(hedging or {}),
    )


APPROVED = vote("risk", "APPROVE", 0.9)
