"""What every vendor's adapter is: one prompt in, one completion or one fault out. Adapters retry nothing themselves."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Ending = Literal["done", "length", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A read tool that a model may ask for: ``server.tool``, what it does and the schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]

    @property
    def spoken(self) -> str:
        """The name as vendors take names: no dot."""
        return self.name.replace(".", "__")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asked for, as it said it: ``arguments`` is its JSON text, unread."""

    id: str
    spoken: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Calls:
    """A turn of the model's that asks for tools."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """The turn that answers it: each call with the envelope of its answer."""

    answers: tuple[tuple[ToolCall, str], ...]


Turn = str | Calls | Results


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. ``system`` and ``tools`` are the same in every round, so that vendors can cache them; ``turns``
    alternate, the user first. Without ``may_ask`` the tools stay on the list, but the model has to vote.
    """

    system: str
    turns: tuple[Turn, ...]
    schema: dict[str, Any]
    max_tokens: int
    temperature: float
    tools: tuple[ToolSpec, ...] = ()
    may_ask: bool = False

    def spoken(self) -> list[tuple[str, Turn]]:
        """The turns with their roles."""
        return [(("user", "assistant")[i % 2], turn) for i, turn in enumerate(self.turns)]


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. ``text`` is the answer as sent (a tool call's arguments as JSON); tokens as the vendor counts them.

    With ``calls`` the model asks for tools first, and the text counts for nothing. ``cache``: the floor gave it in the
    model's place, and ``kept`` says which answer it was.
    """

    text: str
    ending: Ending
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    completion_tokens: int = 0
    calls: tuple[ToolCall, ...] = ()
    latency_ms: float = 0.0
    cache: Literal["", "exact", "semantic"] = ""
    kept: dict[str, Any] = field(default_factory=dict)


class Provider(Protocol):
    """One vendor's model."""

    name: str

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """One completion within the time. Raises ProviderFault, whatever went wrong."""
        ...

    async def check(self, *, timeout_s: float) -> None:
        """Ask whether key, address and model are good, without spending tokens. Raises ProviderFault."""
        ...

    async def close(self) -> None:
        """Close its connections; it is not asked again."""
        ...
