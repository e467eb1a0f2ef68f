"""The floor's money behind a mind: every call's upper bound is reserved before it is made, and settled after it.

The budgets are the risk server's to keep: an agent's process knows no database. Its token for spending is another one than
the one its tools are called with, so no model can reach the purse by asking for a tool.
"""

from contextvars import ContextVar
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal, Protocol

import structlog

from agents.llm.provider import Prompt
from agents.toolbox import Server
from openoutcry.canonical import canonical_json, digest
from openoutcry.errors import OpenOutcryError
from openoutcry.types.amounts import plain
from wire.vendor_faults import ProviderFault

ROUND: ContextVar[str | None] = ContextVar("round", default=None)
"""The token of the round that a vote is for."""
PATIENCE_S = 5.0
OVERHEAD = 1_000
"""Bytes that vendors put around a prompt: roles, the tool's frame."""
log = structlog.get_logger()


class Refused(ProviderFault):
    """A call that may not be made: there is no money for it, or nobody to ask."""

    code = "NO_MONEY"

    def __init__(self, message: str) -> None:
        super().__init__(message, passing=False, free=True)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call used. ``cost`` None: nobody knows. ``cache``: which of the floor's own answered instead."""

    cost: Decimal | None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    latency_ms: float = 0.0
    fault: str | None = None
    cache: Literal["none", "exact", "semantic"] = "none"


class Purse(Protocol):
    """Where the money for models comes from."""

    async def reserve(self, model: str, prompt: Prompt, bound: Decimal, *, cheapest: bool) -> str:
        """Reserve the most that a call can cost; returns what to settle. Raises Refused."""
        ...

    async def settle(self, call_id: str, spent: Spent) -> None:
        """Put what a call used in the place of its bound. Never raises: what is not settled stands at its bound."""
        ...


class FloorPurse:
    """The budgets of the floor, over the risk server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def reserve(self, model: str, prompt: Prompt, bound: Decimal, *, cheapest: bool) -> str:
        """See Purse. A risk server that does not answer means no call."""
        asked = {
            "model": model,
            "bound": plain(rounded_up(bound)),
            "cheapest": cheapest,
            "prompt_hash": prompt_hash(prompt),
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
        }
        try:
            answer = await self._server.call(
                "reserve_model_call", asked, round_token=ROUND.get(), timeout_s=PATIENCE_S
            )
        except OpenOutcryError as error:
            raise Refused(f"{model}: the budget cannot be asked ({error})") from error
        if answer["call_id"] is None:
            raise Refused(f"{model}: {answer['refused']}")
        return str(answer["call_id"])

    async def settle(self, call_id: str, spent: Spent) -> None:
        """See Purse."""
        told = {
            "call_id": call_id,
            "cost": None if spent.cost is None else plain(rounded_up(spent.cost)),
            "prompt_tokens": spent.prompt_tokens,
            "cached_tokens": spent.cached_tokens,
            "completion_tokens": spent.completion_tokens,
            "latency_ms": spent.latency_ms,
            "fault": spent.fault and spent.fault[:300],
            "cache": spent.cache,
        }
        try:
            await self._server.call("settle_model_call", told, round_token=ROUND.get(), timeout_s=PATIENCE_S)
        except OpenOutcryError as error:
            log.warning("model_call_unsettled", call=call_id, error=str(error))


def prompt_hash(prompt: Prompt) -> str:
    """Digest of everything that is sent, the model's name apart."""
    return digest(asdict(prompt))


def size(prompt: Prompt) -> int:
    """Bytes of everything that is sent: no fewer than its tokens."""
    return len(canonical_json(asdict(prompt))) + OVERHEAD


def rounded_up(amount: Decimal) -> Decimal:
    """To the twelfth decimal, upwards: a budget is never cheated by rounding."""
    return amount.quantize(Decimal("1e-12"), rounding=ROUND_CEILING)
