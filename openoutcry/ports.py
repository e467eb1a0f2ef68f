"""What the core needs of the world, as small protocols written from the caller's side.

Backtest, replay, paper and live differ in what stands behind these and in nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import Approval, Fill, OrderRequest, OrderState, WorkingOrder
from openoutcry.types.votes import Abstain, Argument, MindUse, ToolUse, Vote


class Clock(Protocol):
    """Where time comes from. Aware UTC always."""

    def now(self) -> datetime:
        """The current instant."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Return once ``now() >= at``; at once when that is already so."""
        ...


class Toolbox(Protocol):
    """An agent's read-only tools, cut at the round's ``as_of``. Every call is remembered as evidence."""

    async def call(self, tool: str, /, **arguments: Any) -> ToolUse:
        """Call ``server.tool`` and return its answer. Raises ToolFailed, DataUnavailable or NotAuthorised."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent asks its mind: who it is, what it sees, and the rules it would follow without a model."""

    agent: str
    brief: str
    snapshot: Snapshot
    facts: tuple[ToolUse, ...]
    rules: Callable[[], Vote | Abstain]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Texts from outside by their hash, which a mind may have read in quarantine; whoever votes never sees them."""
    heard: tuple[Argument, ...] = ()
    """What the other agents claimed, in a debate."""
    tools: Toolbox | None = None
    """The vote's own tools, for a mind that asks for more than the facts; the floor gives them, not the agent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A mind's answer and what it used."""

    answer: Vote | Abstain
    mind: MindUse


class Model(Protocol):
    """A mind behind an agent: ``rules``, ``scripted``, ``recorded``, or a language model."""

    async def answer(self, question: Question) -> Reply:
        """Answer within the round's deadline. Never raises for a bad answer: that is an Abstain."""
        ...


@dataclass(frozen=True, slots=True)
class AccountSync:
    """What changed at the venue since the last sync, in the order it happened.

    ``adopted`` are those of ``orders`` that the execution server placed by itself, with what they ask for. ``sent`` are the
    orders of this very record that an interrupted attempt of it has sent; what became of them is told when they are asked
    for again, or by ``rest``. ``instruments`` are the venue's own rules of what is traded, where it has any.
    """

    fills: tuple[Fill, ...]
    orders: tuple[OrderState, ...]
    adopted: tuple[WorkingOrder, ...] = ()
    sent: tuple[OrderRequest, ...] = ()
    instruments: tuple[Instrument, ...] = ()


class Broker(Protocol):
    """The execution side as the orchestrator sees it. ``place`` takes nothing without an approval."""

    async def sync(self) -> AccountSync:
        """Advance the venue to the round's ``as_of`` and return what happened since the last sync."""
        ...

    async def place(self, request: OrderRequest, approval: Approval) -> AccountSync:
        """Place one approved order; idempotent by client order id. Raises VenueUnknown when the outcome is not known."""
        ...

    async def cancel(self, order_seq: int, leg: str) -> AccountSync:
        """Cancel one open order; cancelling a final order changes nothing."""
        ...
