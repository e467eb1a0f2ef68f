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
from typing import Any, Literal, cast

from agents.llm import quarantine
from agents.llm.asking import Asking, Offer, nothing
from agents.llm.breaker import Breaker
from agents.llm.caching import Caching
from agents.llm.paying import Paying
from agents.llm.prompt import VERSION, repair, system, told, user
from agents.llm.provider import Completion, Prompt, Provider, Turn
from agents.llm.purse import Purse, Refused, prompt_hash
from agents.llm.rules import RulesMind
from agents.llm.taping import Tape
from openoutcry.minds.answer import LONGEST, Answer, Unreadable, read, schema
from openoutcry.minds.grounding import ground
from openoutcry.minds.prices import Price
from openoutcry.ports import Question, Reply
from openoutcry.settings import LlmSettings
from openoutcry.types.votes import INSTEAD, Abstain, AbstainReason, Action, MindUse, ToolUse, Vote
from openoutcry.voting.seats import Voice
from wire.vendor_faults import ProviderFault

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
    offer: Offer = nothing
    purse: Purse | None = None
    tape: Tape | None = None
    recall: int = 0
    caching: Caching | None = None
    _breakers: dict[str, Breaker] = field(default_factory=dict)

    @property
    def paying(self) -> Paying:
        return Paying(self.prices, self.purse, [provider.name for provider in self.providers])

    async def close(self) -> None:
        """Close the connections of its models."""
        await asyncio.gather(*(provider.close() for provider in self.providers))

    async def answer(self, question: Question) -> Reply:
        """The vote, an abstention with the raw answer kept, or the rules' vote saying why it is theirs."""
        until = monotonic() + self.deadline_s * SHARE
        asking = Asking(question, await self.offer(), self.settings)
        await asking.recall(self.recall)
        faults: list[str] = []
        poor = False
        for provider in self.providers:
            try:
                return await self._asked(provider, asking, until)
            except ProviderFault as fault:
                faults.append(str(fault))
                poor = isinstance(fault, Refused)
        why = "; ".join(faults)
        asked = tuple(use.result_id for use in asking.uses)
        if not self.rules_last:
            return Reply(
                abstained(question, "out_of_budget" if poor else "error", why),
                MindUse(model="none", prompt=question.brief, response=why, asked=asked),
            )
        reply = await RulesMind().answer(question)
        said = f"{INSTEAD}{why}"
        return Reply(reply.answer, MindUse(model="rules", prompt=question.brief, response=said, asked=asked))

    async def _asked(self, provider: Provider, asking: Asking, until: float) -> Reply:
        """One provider's answer, repaired once if need be. Raises ProviderFault when it gives none."""
        use, question = Use(provider.name, self.prices, asking.uses), asking.question
        readings = await self._read(provider, question, use, until)
        turns: tuple[Turn, ...] = (user(asking.given, self.settings.tool_result_chars, readings),)
        error = ""
        for _ in range(2):
            completion, turns = await self._heard(provider, asking, turns, use, until)
            if completion.calls:
                return Reply(
                    abstained(question, "out_of_budget", "it asks for tools without end"), use.told()
                )
            if completion.ending != "done":
                return Reply(abstained(question, "unparsable", ENDED[completion.ending]), use.told())
            try:
                return Reply(voted(question, read(completion.text, self.voice), asking.uses), use.told())
            except Unreadable as unreadable:
                error = str(unreadable)
                turns = (*turns, kept(completion.text) or "(nothing)", repair(error))
        return Reply(abstained(question, "unparsable", error), use.told())

    async def _read(
        self, provider: Provider, question: Question, use: "Use", until: float
    ) -> list[dict[str, Any]] | None:
        """What texts from outside say, read in quarantine; None without texts, and of what could not be read."""
        if not question.texts:
            return None
        prompt = quarantine.prompt_of(question.texts, self.settings)
        completion = await self._tried(provider, prompt, until)
        use.add(completion, prompt)
        if completion.ending != "done" or completion.calls:
            return None
        try:
            return quarantine.read(completion.text, question.texts)
        except Unreadable:
            return None

    async def _heard(
        self, provider: Provider, asking: Asking, turns: tuple[Turn, ...], use: "Use", until: float
    ) -> tuple[Completion, tuple[Turn, ...]]:
        """What it says once it has asked for what it wanted to know, and the turns up to there.

        Still asking when nothing more may be asked for, it comes back with its calls.
        """
        while True:
            prompt = self._prompt(asking, turns, asking.may_ask(use.tokens))
            use.prompt = "\n\n".join((prompt.system, *map(told, turns)))
            completion = await self._tried(provider, prompt, until, asking)
            use.add(completion, prompt)
            if not completion.calls or not prompt.may_ask or completion.ending != "done":
                return completion, turns
            turns = (*turns, *await asking.answered(completion.calls))

    async def _tried(
        self, provider: Provider, prompt: Prompt, until: float, asking: Asking | None = None
    ) -> Completion:
        """The provider's last word on a prompt, past the tape if there is one; for a vote, the floor's cache before it."""

        async def fresh() -> Completion:
            return await self._retried(provider, prompt, until)

        async def ask() -> Completion:
            if self.caching is None or asking is None:
                return await fresh()
            return await self.caching.through(provider.name, prompt, asking, fresh)

        return await (ask() if self.tape is None else self.tape.heard(provider.name, prompt, ask))

    async def _retried(self, provider: Provider, prompt: Prompt, until: float) -> Completion:
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
                    completion = await self.paying.complete(provider, prompt, left)
            except Refused:
                raise
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

    def _prompt(self, asking: Asking, turns: tuple[Turn, ...], may_ask: bool) -> Prompt:
        return Prompt(
            system(asking.question.brief, self.voice),
            turns,
            schema(self.voice),
            self.settings.max_tokens,
            self.settings.temperature,
            tuple(asking.specs),
            may_ask,
        )


@dataclass
class Use:
    """What the calls of one answer used, and all that was said."""

    name: str
    prices: Mapping[str, Price]
    asked: Sequence[ToolUse] = ()
    prompt: str = ""
    responses: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)
    cached_tokens: int = 0
    latency_ms: float = 0.0
    calls: int = 0
    prompt_hash: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    cache: Literal["", "exact", "semantic"] = ""

    def add(self, completion: Completion, prompt: Prompt) -> None:
        self.calls += completion.cache == ""
        self.cache = completion.cache  # of the last one: what the vote came from
        self.latency_ms += completion.latency_ms
        self.cached_tokens += completion.cached_tokens
        self.prompt_hash = prompt_hash(prompt)
        self.params = {
            "model": completion.model, "max_tokens": prompt.max_tokens, "temperature": prompt.temperature, "version": VERSION,
            **({"kept": completion.kept} if completion.kept else {}),
        }  # fmt: skip
        calls = [f"{call.spoken}({kept(call.arguments)})" for call in completion.calls]
        self.responses.append("\n".join((kept(completion.text), *calls)).strip())
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        price = self.prices.get(self.name, Price())
        self.cost += price.cost(
            completion.prompt_tokens,
            completion.cached_tokens,
            completion.completion_tokens,
            completion.written_tokens,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def told(self) -> MindUse:
        return MindUse(
            model=self.name,
            prompt=self.prompt,
            response="\n---\n".join(self.responses),
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=self.cost,
            asked=tuple(use.result_id for use in self.asked),
            cached_tokens=self.cached_tokens,
            latency_ms=round(self.latency_ms, 3),
            calls=self.calls,
            cache=self.cache,
            prompt_hash=self.prompt_hash,
            params=self.params,
        )


def kept(text: str) -> str:
    """What is kept of an answer: all of one that could be read, the beginning of a longer one."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters in all)"


def voted(question: Question, answer: Answer, asked: Sequence[ToolUse] = ()) -> Vote:
    """The answer as a vote: its confidence lowered for figures that do not hold, its stop and target the rules' own."""
    found = ground(answer, (*question.facts, *asked))
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
