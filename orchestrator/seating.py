"""The strategies at the table: who of the registry votes in a round, and how its record tells.

Each record names every strategy that had a seat in it; it carries a definition in full only when that seat or its
definition is new since the record before. So a replay finds in the ledger alone what each of them voted by.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openoutcry.strategy.seat import SEATED, Seated, StrategySeat
from openoutcry.voting.seats import Seat
from orchestrator.poll import Askable

DEFINED = "definitions"
"""Key of a record's detail: the StrategySeats told in full."""


def at_table(strategies: Iterable[StrategySeat], symbol: str) -> tuple[StrategySeat, ...]:
    """Those that vote on a symbol, by agent name."""
    return tuple(sorted((seat for seat in strategies if seat.trades(symbol)), key=lambda seat: seat.agent))


def apart(
    strategies: Iterable[StrategySeat], taken: Collection[str]
) -> tuple[tuple[StrategySeat, ...], tuple[StrategySeat, ...]]:
    """The strategies that can sit, and those whose name an agent of the floor has."""
    found = tuple(strategies)
    return tuple(s for s in found if s.agent not in taken), tuple(s for s in found if s.agent in taken)


def told(strategies: Iterable[StrategySeat], before: Mapping[str, Seated]) -> dict[str, Any]:
    """What a record's detail tells of them; nothing when there are none. ``before`` sat in the record before."""
    seated = {seat.agent: seat.seated() for seat in strategies}
    if not seated:
        return {}
    new = [seat for seat in strategies if _unknown(seated[seat.agent], before.get(seat.agent))]
    said: dict[str, Any] = {SEATED: {agent: one.model_dump(mode="json") for agent, one in seated.items()}}
    return {**said, **({DEFINED: [seat.model_dump(mode="json") for seat in new]} if new else {})}


def _unknown(now: Seated, before: Seated | None) -> bool:
    return before is None or (now.id, now.hash) != (before.id, before.hash)


def seats_of(strategies: Iterable[StrategySeat]) -> tuple[Seat, ...]:
    """Their seats in the tally: analysts, at their weights."""
    return tuple(Seat(agent=seat.agent, weight=seat.weight) for seat in strategies)


@dataclass(frozen=True, slots=True)
class StrategyVoice:
    """A strategy behind the host, to be asked as any agent is."""

    host: Askable
    seat: StrategySeat

    async def list_tools(self) -> list[dict[str, Any]]:
        """The host's tools."""
        return await self.host.list_tools()

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """The host's answer, as this strategy."""
        asked = {**arguments, "strategy": self.seat.model_dump(mode="json")}
        return await self.host.call(tool, asked, round_token=round_token, timeout_s=timeout_s)
