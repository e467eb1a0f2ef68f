"""A language model as an agent's mind: a chain of providers, strict answers, checked figures, the rules at the end.

A provider that fails is tried again inside the round's time, then the next one is asked. An answer that cannot be read
gets one chance to be repaired, and is then an abstention: it is never replaced by somebody else's vote.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from time import monotonic
from typing import cast

from agents.llm.breaker import Breaker
from agents.llm.prompt import repair, system, user
from agents.llm.provider import Completion, Prompt, Provider, ProviderFault
from agents.llm.rules import RulesMind
from openoutcry.minds.answer import Answer, Unreadable, read, schema
from openoutcry.minds.grounding import ground
from openoutcry.minds.prices import Price
from openoutcry.ports import Question, Reply
from openoutcry.settings import LlmSettings
from openoutcry.types.votes import Abstain, AbstainReason, Action, MindUse, Vote
from openoutcry.voting.seats import Voice

TRIES = 3
FIRST_PAUSE_S = 0.2
SHARE = 0.8
"""How much of the agent's deadline models may use; the rest is for its tools before and its rules after."""
ENDED: Mapping[str, str] = {
    "length": "the answer was cut off",
    "refusal": "the model declined",
    "other": "it stopped early",
}


@dataclass
class LanguageMind:
    """Providers in the order in which they are asked. ``rules_last``: with all of them down, the agent's rules vote."""

    providers: Sequence[Provider]
    prices: Mapping[str, Price]
    voice: Voice
    settings: LlmSettings
    deadline_s: float
    rules_last: bool
    random: Random
    _breakers: dict[str, Breaker] = field(default_factory=dict)

    async def answer(self, question: Question) -> Reply:
        """The vote, an abstention with the raw answer kept, or the rules' vote saying why it is theirs."""
        until = monotonic() + self.deadline_s * SHARE
        faults: list[str] = []
        for provider in self.providers:
            try:
                return await self._asked(provider, question, until)
            except ProviderFault as fault:
                faults.append(str(fault))
        told = "; ".join(faults)
        if not self.rules_last:
            return Reply(
                abstained(question, "error", told),
                MindUse(model="none", prompt=question.brief, response=told),
            )
        reply = await RulesMind().answer(question)
        return Reply(
            reply.answer,
            MindUse(model="rules", prompt=question.brief, response=f"instead of a model: {told}"),
        )

    async def _asked(self, provider: Provider, question: Question, until: float) -> Reply:
        """One provider's answer, repaired once if need be. Raises ProviderFault when it gives none."""
        use = Use(provider.name, self.prices)
        turns: tuple[str, ...] = (user(question),)
        error = ""
        for _ in range(2):
            prompt = self._prompt(question, turns)
            use.prompt = "\n\n".join((prompt.system, *turns))
            completion = await self._tried(provider, prompt, until)
            use.add(completion)
            if completion.ending != "done":
                return Reply(abstained(question, "unparsable", ENDED[completion.ending]), use.told())
            try:
                return Reply(voted(question, read(completion.text, self.voice)), use.told())
            except Unreadable as unreadable:
                error = str(unreadable)
                turns = (turns[0], completion.text or "(nothing)", repair(error))
        return Reply(abstained(question, "unparsable", error), use.told())

    async def _tried(self, provider: Provider, prompt: Prompt, until: float) -> Completion:
        """Bounded tries with jitter inside the time; a Retry-After is obeyed, or the provider given up for this round."""
        breaker = self._breakers.setdefault(provider.name, Breaker())
        if (rest := breaker.open_for_s) > 0:
            raise ProviderFault(f"{provider.name}: left alone for another {rest:.0f} s", passing=True)
        for number in range(TRIES):
            left = until - monotonic()
            if left <= 0:
                raise ProviderFault(f"{provider.name}: no time left", passing=True)
            try:
                async with asyncio.timeout(left):
                    completion = await provider.complete(prompt, timeout_s=left)
            except (ProviderFault, TimeoutError) as error:
                fault = (
                    error
                    if isinstance(error, ProviderFault)
                    else ProviderFault(f"{provider.name}: no answer in time", passing=True)
                )
                breaker.bad(fault.retry_after_s)
                pause = max(
                    fault.retry_after_s or 0.0, FIRST_PAUSE_S * 2**number * (0.5 + self.random.random())
                )
                last = number == TRIES - 1 or not fault.passing or monotonic() + pause >= until
                if last or breaker.open_for_s > pause:
                    raise fault from None
                await asyncio.sleep(pause)
                continue
            breaker.good()
            return completion
        raise AssertionError("the last try either answers or raises")

    def _prompt(self, question: Question, turns: tuple[str, ...]) -> Prompt:
        return Prompt(
            system(question.brief, self.voice),
            turns,
            schema(self.voice),
            self.settings.max_tokens,
            self.settings.temperature,
        )


@dataclass
class Use:
    """What the calls of one answer used, and all that was said."""

    name: str
    prices: Mapping[str, Price]
    prompt: str = ""
    responses: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)

    def add(self, completion: Completion) -> None:
        self.responses.append(completion.text)
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        price = self.prices.get(self.name, Price())
        self.cost += price.cost(
            completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens
        )

    def told(self) -> MindUse:
        return MindUse(
            model=self.name,
            prompt=self.prompt,
            response="\n---\n".join(self.responses),
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=self.cost,
        )


def voted(question: Question, answer: Answer) -> Vote:
    """The answer as a vote: its confidence lowered for figures that do not hold, its stop and target the rules' own."""
    found = ground(answer, question.facts)
    stop, target = protection(question, answer.action)
    return Vote(
        agent=question.agent,
        symbol=question.snapshot.symbol,
        action=cast("Action", answer.action),  # read() has checked it against the voice's words
        confidence=round(answer.confidence * found.factor, 4),
        reasoning=f"{answer.reasoning} {found.note}".strip()[:4000],
        evidence=found.evidence,
        stop_loss=stop,
        take_profit=target,
        horizon_bars=answer.horizon_bars,
        size_factor=answer.size_factor,
        hedge_ratio=answer.hedge_ratio,
    )


def protection(question: Question, action: str) -> tuple[Decimal | None, Decimal | None]:
    """Stop and target as the agent's rules set them for the same action; a model's own prices are never taken."""
    twin = question.rules()
    if isinstance(twin, Vote) and twin.action == action:
        return twin.stop_loss, twin.take_profit
    return None, None


def abstained(question: Question, reason: AbstainReason, detail: str) -> Abstain:
    return Abstain(agent=question.agent, symbol=question.snapshot.symbol, reason=reason, detail=detail[:2000])
