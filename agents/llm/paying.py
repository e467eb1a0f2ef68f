"""One call of a model, paid for: reserved, made, settled; whatever breaks on the way, the reservation stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from time import perf_counter

from agents.llm.provider import Completion, Prompt, Provider, ToolCall
from agents.llm.purse import Purse, Spent, size
from openoutcry.minds.prices import Price
from wire.vendor_faults import ProviderFault

FREE = Price()


@dataclass(frozen=True, slots=True)
class Paying:
    """The money side of a chain of providers. Without a purse nothing is reserved: tests and benchmarks alone do so."""

    prices: Mapping[str, Price]
    purse: Purse | None
    names: Sequence[str]

    async def complete(self, provider: Provider, prompt: Prompt, timeout_s: float) -> Completion:
        """One completion with how long it took. Raises ProviderFault, of which Refused is one."""
        if self.purse is None:
            return (await timed(provider, prompt, timeout_s))[0]
        bounds = {name: self.bound(name, prompt) for name in self.names}
        bound = bounds[provider.name]
        call_id = await self.purse.reserve(
            provider.name, prompt, bound, cheapest=bound == min(bounds.values())
        )
        began = perf_counter()
        try:
            completion, took = await timed(provider, prompt, timeout_s)
        except ProviderFault as fault:
            took = (perf_counter() - began) * 1000
            cost = Decimal(0) if fault.free else None
            await self.purse.settle(call_id, Spent(cost, latency_ms=took, fault=str(fault)))
            raise
        await self.purse.settle(
            call_id,
            Spent(
                self.cost(provider.name, completion),
                completion.prompt_tokens,
                completion.cached_tokens,
                completion.completion_tokens,
                took,
            ),
        )
        return completion

    def bound(self, name: str, prompt: Prompt) -> Decimal:
        """The most that a call of this model can cost."""
        return self.prices.get(name, FREE).bound(size(prompt), prompt.max_tokens)

    def cost(self, name: str, completion: Completion) -> Decimal | None:
        """What a call cost; None when the vendor does not say what it used."""
        price = self.prices.get(name, FREE)
        if price != FREE and completion.prompt_tokens == 0:
            return None
        return price.cost(
            completion.prompt_tokens,
            completion.cached_tokens,
            completion.completion_tokens,
            completion.written_tokens,
        )


async def timed(provider: Provider, prompt: Prompt, timeout_s: float) -> tuple[Completion, float]:
    """A completion, and how many milliseconds it took."""
    began = perf_counter()
    completion = await provider.complete(prompt, timeout_s=timeout_s)
    took = round((perf_counter() - began) * 1000, 3)
    return replace(sound(completion), latency_ms=took), took


def sound(completion: Completion) -> Completion:
    """A completion that can be written down: halves of characters, which no text may hold, as their escapes."""
    return replace(
        completion,
        text=whole(completion.text),
        model=whole(completion.model),
        calls=tuple(
            ToolCall(whole(call.id), whole(call.spoken), whole(call.arguments)) for call in completion.calls
        ),
    )


def whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
