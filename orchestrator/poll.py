"""Ask every agent at once. Late, broken or unparsable is an abstention with its reason, never HOLD."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from pydantic import ValidationError

from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised, ToolFailed
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, AbstainReason, Argument, Ballot


class Askable(Protocol):
    """A connection to one MCP server."""

    async def list_tools(self) -> list[dict[str, Any]]:
        """Its tools."""
        ...

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """Structured content of one tool call."""
        ...


@dataclass(frozen=True, slots=True)
class Polled:
    """The ballots of a round, by agent name, and how long each answer took (seconds; not part of the record)."""

    ballots: tuple[Ballot, ...]
    took_s: dict[str, float]


async def poll(
    agents: Mapping[str, Askable],
    snapshot: Snapshot,
    round_token: str,
    deadline_s: float,
    heard: tuple[Argument, ...] = (),
) -> Polled:
    """One ballot per agent, all asked at the same moment, none waited for beyond the deadline.

    ``heard`` is what they tell each other in a debate.
    """
    question: dict[str, Any] = {"snapshot": snapshot.model_dump(mode="json")}
    if heard:
        question["heard"] = [one.model_dump(mode="json") for one in heard]
    names = sorted(agents)
    answers = await asyncio.gather(
        *(_ask(name, agents[name], question, snapshot, round_token, deadline_s) for name in names)
    )
    return Polled(
        tuple(ballot for ballot, _ in answers), dict(zip(names, (took for _, took in answers), strict=True))
    )


async def _ask(
    name: str, agent: Askable, question: dict[str, Any], snapshot: Snapshot, token: str, deadline_s: float
) -> tuple[Ballot, float]:
    began = perf_counter()

    def absent(reason: AbstainReason, detail: str) -> tuple[Ballot, float]:
        answer = Abstain(agent=name, symbol=snapshot.symbol, reason=reason, detail=detail[:2000])
        return Ballot(agent=name, answer=answer), perf_counter() - began

    try:
        content = await agent.call("vote", question, round_token=token, timeout_s=deadline_s)
        ballot = Ballot.model_validate(content)
    except ToolFailed as error:
        reasons: dict[str, AbstainReason] = {"DEADLINE": "deadline", "UNREACHABLE": "unreachable"}
        return absent(
            reasons.get(error.code, "error"),
            error.message if error.code not in reasons else error.code.lower(),
        )
    except DataUnavailable as error:
        return absent("data_unavailable", str(error))
    except (BadInput, NotAuthorised) as error:
        return absent("error", str(error))
    except ValidationError as error:
        return absent("unparsable", f"{error.error_count()} errors, first: {error.errors()[0]['msg']}")
    if ballot.debate is not None:
        return absent("unparsable", "speaks of a debate, which is not an agent's to tell")
    if ballot.agent != name or ballot.answer.agent != name or ballot.answer.symbol != snapshot.symbol:
        return absent("wrong_agent", f"answered as {ballot.answer.agent} for {ballot.answer.symbol}")
    return ballot, perf_counter() - began
