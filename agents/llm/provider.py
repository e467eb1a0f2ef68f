"""What a vendor's adapter is: one question in, one completion or one fault out. Adapters retry nothing themselves."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from openoutcry.errors import OpenOutcryError

About = Literal["key", "model", "address", "answer"]
Ending = Literal["done", "length", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. ``system`` is the same in every round, so that vendors can cache it; ``turns`` alternate, the user first."""

    system: str
    turns: tuple[str, ...]
    schema: dict[str, Any]
    max_tokens: int
    temperature: float

    def messages(self) -> list[dict[str, str]]:
        """The turns with their roles, as every vendor takes them."""
        return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(self.turns)]


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. ``text`` is the answer as sent (a tool call's arguments as JSON); tokens as the vendor counts them."""

    text: str
    ending: Ending
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class ProviderFault(OpenOutcryError):
    """A call that gave no completion. ``passing`` faults may be tried again, not before ``retry_after_s``."""

    code = "PROVIDER_FAULT"

    def __init__(
        self, message: str, *, passing: bool, retry_after_s: float | None = None, about: About = "answer"
    ) -> None:
        """``about`` is what to look at: the key, the model's name, the address, or the answer itself."""
        super().__init__(message)
        self.about = about
        self.passing = passing
        self.retry_after_s = retry_after_s


class Provider(Protocol):
    """One vendor's model."""

    name: str

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """One completion within the time. Raises ProviderFault, whatever went wrong."""
        ...

    async def check(self, *, timeout_s: float) -> None:
        """Ask whether key, address and model are good, without spending tokens. Raises ProviderFault."""
        ...
